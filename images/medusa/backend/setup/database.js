"use strict"

// What cannot be done through Medusa's API: to know that the database is there, and to write a key that somebody else has made.

const { randomBytes } = require("node:crypto")
const { SetupError, Skipped } = require("./report")

/** Nothing that waiting could mend. */
const final = {
  "28P01": "the database refused the password",
  28000: "the database refused the user",
  "3D000": "the database does not exist",
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Connects, and waits for a database that is still starting. A refused password is said at once: no waiting mends it. */
async function connect(databaseUrl, { patience = 90_000, interval = 1_000 } = {}) {
  const { Client } = require("pg")
  const deadline = Date.now() + patience
  for (;;) {
    const client = new Client({ connectionString: databaseUrl, ssl: false, connectionTimeoutMillis: 5_000 })
    client.on("error", () => {}) // a connection that breaks later shows in the query that needs it
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => {})
      if (final[error.code]) throw new SetupError(`${final[error.code]} (${error.code}): ${error.message}`)
      if (Date.now() > deadline) throw new SetupError(`the database does not answer after ${patience / 1000} seconds: ${error.message}`)
      await pause(interval)
    }
  }
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** An id as Medusa makes them (core/utils/src/common/generate-entity-id.ts): a prefix and a ULID. */
function entityId(prefix, now = Date.now()) {
  let time = ""
  for (let rest = now, place = 0; place < 10; place++, rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time
  const random = Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join("")
  return `${prefix}_${time}${random}`
}

/** The row of a publishable key as Medusa's own generatePublishableKey makes it (modules/api-key): not hashed, and without salt. */
function keyRow(token, title = "Storefront") {
  return { id: entityId("apk"), token, salt: "", redacted: `${token.slice(0, 6)}***${token.slice(-3)}`, title, type: "publishable", created_by: "" }
}

/** Writes the key that the platform has made, so that no pod needs the right to write a Secret. */
async function ensureKey(client, token) {
  const { rows } = await client.query("SELECT revoked_at FROM api_key WHERE token = $1", [token])
  if (rows[0]?.revoked_at) throw new SetupError("the storefront's publishable key has been revoked in the administration")
  if (rows[0]) return new Skipped("The publishable key is there.")
  const row = keyRow(token)
  const columns = Object.keys(row)
  await client.query(`INSERT INTO api_key (${columns.join(", ")}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(", ")})`, Object.values(row))
  return `The publishable key ${row.redacted} is written.`
}

async function keyId(client, token) {
  const { rows } = await client.query("SELECT id FROM api_key WHERE token = $1", [token])
  return rows[0].id
}

/** The administrator with a way to sign in; null where there is none, or only a half of one. */
async function findAdministrator(client, email) {
  const { rows } = await client.query(
    `SELECT u.id, a.id AS identity
       FROM "user" u
       JOIN auth_identity a ON a.app_metadata ->> 'user_id' = u.id AND a.deleted_at IS NULL
      WHERE u.email = $1 AND u.deleted_at IS NULL
      LIMIT 1`,
    [email]
  )
  return rows[0] ?? null
}

/** `medusa user` makes the user and the way to sign in one after the other, and fails on what a killed run has left of them. */
async function clearHalfAdministrator(client, email) {
  await client.query(
    `WITH half AS (DELETE FROM provider_identity WHERE provider = 'emailpass' AND entity_id = $1 RETURNING auth_identity_id)
     DELETE FROM auth_identity WHERE id IN (SELECT auth_identity_id FROM half)`,
    [email]
  )
  await client.query(`DELETE FROM "user" WHERE email = $1`, [email])
}

/** Takes the test order out of every list. It has been cancelled before, so that its goods are back on the shelf. */
async function hideOrder(client, orderId) {
  await client.query(`UPDATE "order" SET deleted_at = now() WHERE id = $1`, [orderId])
}

module.exports = { clearHalfAdministrator, connect, ensureKey, entityId, findAdministrator, hideOrder, keyId, keyRow }
