"use strict"

// What the image reads of its environment: the backend by readSettings, the set-up program by readSetup. Both report every problem
// at once, for a merchant's store that is wrong in two places should not need two attempts.

const { readFileSync } = require("node:fs")

/** Something in the environment is missing or malformed. */
class EnvironmentError extends Error {
  constructor(problems) {
    super(`The environment is wrong: ${problems.join("; ")}.`)
    this.problems = problems
  }
}

class Reader {
  constructor(environment, read) {
    this.environment = environment
    this.readFile = read
    this.problems = []
  }

  text(name, fallback) {
    const value = this.environment[name]
    if (value !== undefined && value !== "") return value
    if (fallback === undefined) this.problems.push(`${name} is not set`)
    return fallback
  }

  /** A value of a form; what it should be like is said in words. */
  form(name, pattern, words, fallback) {
    const value = this.text(name, fallback)
    if (value !== undefined && !pattern.test(value)) this.problems.push(`${name} is ${JSON.stringify(value)}, not ${words}`)
    return value
  }

  /** What a mounted file has. The value itself is never part of a problem: it is a secret. */
  file(name, pattern, words) {
    const path = this.text(name)
    if (path === undefined) return undefined
    let value
    try {
      value = this.readFile(path, "utf8").trim()
    } catch (error) {
      this.problems.push(`${name} names ${path}, which cannot be read (${error.code})`)
      return undefined
    }
    if (!pattern.test(value)) this.problems.push(`${name} names ${path}, which does not hold ${words}`)
    return value
  }

  secret(name) {
    const value = this.text(name)
    // What Medusa falls back to, and what everybody knows.
    if (value === "supersecret" || (value !== undefined && value.length < 16)) this.problems.push(`${name} is no secret: it needs 16 characters or more`)
    return value
  }

  finish() {
    if (this.problems.length > 0) throw new EnvironmentError(this.problems)
  }
}

const url = /^https?:\/\/[^\s/]+$/
const name = /^[A-Za-z0-9_.-]+$/

function settingsOf(reader) {
  const host = reader.form("DATABASE_HOST", name, "a host's name")
  const port = reader.form("DATABASE_PORT", /^[0-9]{1,5}$/, "a port", "5432")
  const database = reader.form("DATABASE_NAME", name, "a database's name")
  const user = reader.form("DATABASE_USER", name, "a user's name")
  const password = reader.text("DATABASE_PASSWORD")
  const backendUrl = reader.form("MEDUSA_BACKEND_URL", url, "an address like https://shop.example without a path")
  return {
    // Put together here, so that no ConfigMap holds a password, and a password may hold any character.
    databaseUrl: `postgresql://${user}:${encodeURIComponent(password ?? "")}@${host}:${port}/${database}`,
    redisUrl: reader.form("REDIS_URL", /^rediss?:\/\/\S+$|^$/, "an address like redis://redis:6379", "") || undefined,
    jwtSecret: reader.secret("JWT_SECRET"),
    cookieSecret: reader.secret("COOKIE_SECRET"),
    backendUrl,
    storeCors: reader.text("STORE_CORS", backendUrl ?? ""),
    adminCors: reader.text("ADMIN_CORS", backendUrl ?? ""),
    authCors: reader.text("AUTH_CORS", backendUrl ?? ""),
    workerMode: reader.form("MEDUSA_WORKER_MODE", /^(shared|server|worker)$/, "shared, server or worker", "shared"),
    cookieSecure: reader.form("COOKIE_SECURE", /^(true|false)$/, "true or false", "true") === "true",
  }
}

/** What the backend needs. Throws an EnvironmentError that lists every problem. */
function readSettings(environment) {
  const reader = new Reader(environment, readFileSync)
  const settings = settingsOf(reader)
  reader.finish()
  return settings
}

/** What the set-up program needs: the backend's settings, and what the store is to be. */
function readSetup(environment, read = readFileSync) {
  const reader = new Reader(environment, read)
  const settings = settingsOf(reader)
  const store = {
    name: reader.form("STORE_NAME", /\S/, "a name"),
    adminEmail: reader.form("STORE_ADMIN_EMAIL", /^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address"),
    adminPassword: reader.file("STORE_ADMIN_PASSWORD_FILE", /^.{8,}$/, "a password of 8 characters or more"),
    country: reader.form("STORE_COUNTRY", /^[a-z]{2}$/i, "a country's two letters", "us").toLowerCase(),
    currency: reader.form("STORE_CURRENCY", /^[a-z]{3}$/i, "a currency's three letters", "usd").toLowerCase(),
    catalogue: reader.form("STORE_CATALOGUE", /^(sample|empty)$/, "sample or empty", "sample"),
    publishableKey: reader.file("STORE_PUBLISHABLE_KEY_FILE", /^pk_[0-9a-f]{64}$/, "pk_ and 64 hexadecimal digits"),
  }
  reader.finish()
  return { settings, store }
}

module.exports = { EnvironmentError, readSettings, readSetup }
