"use strict"

const assert = require("node:assert/strict")
const test = require("node:test")
const { EnvironmentError, readSettings, readSetup } = require("../setup/environment")

const backend = {
  DATABASE_HOST: "postgres",
  DATABASE_NAME: "medusa",
  DATABASE_USER: "medusa",
  DATABASE_PASSWORD: "p@ss/word#1%",
  JWT_SECRET: "j".repeat(48),
  COOKIE_SECRET: "c".repeat(48),
  MEDUSA_BACKEND_URL: "https://shop.example",
}
const key = `pk_${"0a".repeat(32)}`
const setup = { ...backend, STORE_NAME: "Clay & Leaf", STORE_ADMIN_EMAIL: "a@shop.example", STORE_ADMIN_PASSWORD_FILE: "/password", STORE_PUBLISHABLE_KEY_FILE: "/key" }
const files = { "/password": "correct horse\n", "/key": `${key}\n` }

function read(path) {
  if (path in files) return files[path]
  throw Object.assign(new Error("none"), { code: "ENOENT" })
}

function problemsOf(run) {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof EnvironmentError)
    return error.problems
  }
  return []
}

test("a password may hold any character", () => {
  const url = new URL(readSettings(backend).databaseUrl)
  assert.equal(decodeURIComponent(url.password), "p@ss/word#1%")
  assert.equal(url.host, "postgres:5432")
})

test("what is not said has a default", () => {
  const settings = readSettings(backend)
  assert.deepEqual(
    [settings.redisUrl, settings.workerMode, settings.cookieSecure, settings.storeCors],
    [undefined, "shared", true, "https://shop.example"]
  )
  const { store } = readSetup(setup, read)
  assert.deepEqual([store.country, store.currency, store.catalogue, store.publishableKey, store.adminPassword], ["us", "usd", "sample", key, "correct horse"])
  assert.equal(readSetup({ ...setup, STORE_COUNTRY: "DE", STORE_CURRENCY: "EUR" }, read).store.country, "de")
})

test("every problem is reported at once", () => {
  assert.deepEqual(problemsOf(() => readSettings({})), [
    "DATABASE_HOST is not set", "DATABASE_NAME is not set", "DATABASE_USER is not set", "DATABASE_PASSWORD is not set",
    "MEDUSA_BACKEND_URL is not set", "JWT_SECRET is not set", "COOKIE_SECRET is not set",
  ])
})

for (const [name, value] of [
  ["DATABASE_HOST", "host/other"],
  ["DATABASE_PORT", "many"],
  ["REDIS_URL", "redis"],
  ["MEDUSA_BACKEND_URL", "https://shop.example/path"],
  ["MEDUSA_WORKER_MODE", "both"],
  ["COOKIE_SECURE", "yes"],
  ["JWT_SECRET", "supersecret"],
  ["COOKIE_SECRET", "short"],
  ["STORE_NAME", "  "],
  ["STORE_ADMIN_EMAIL", "admin"],
  ["STORE_COUNTRY", "usa"],
  ["STORE_CURRENCY", "$"],
  ["STORE_CATALOGUE", "full"],
  ["STORE_ADMIN_PASSWORD_FILE", "/none"],
]) {
  test(`${name} may not be ${value}`, () => {
    const [problem, ...others] = problemsOf(() => readSetup({ ...setup, [name]: value }, read))
    assert.ok(problem.startsWith(name), problem)
    assert.deepEqual(others, [])
  })
}

test("a secret is not part of a problem", () => {
  files["/short"] = "hunter2"
  const said = problemsOf(() => readSetup({ ...setup, JWT_SECRET: "abcdef", STORE_ADMIN_PASSWORD_FILE: "/short", STORE_PUBLISHABLE_KEY_FILE: "/short" }, read)).join()
  assert.ok(!said.includes("hunter2") && !said.includes("abcdef"), said)
})
