// Stands in for Medusa's command line where the set-up program is tested: `db:migrate` and `start`, over the same database.
const { spawn } = require("node:child_process")
const path = require("node:path")
const { Client } = require("pg")

// The columns that the set-up program touches, from the migrations of MedusaJS 2.13.3's modules.
const tables = `
  CREATE TABLE IF NOT EXISTS api_key (id text PRIMARY KEY, token text NOT NULL, salt text NOT NULL, redacted text NOT NULL, title text NOT NULL,
    type text NOT NULL CHECK (type IN ('publishable', 'secret')), last_used_at timestamptz, created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), revoked_by text, revoked_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz);
  CREATE UNIQUE INDEX IF NOT EXISTS "IDX_api_key_token_unique" ON api_key (token);
  CREATE TABLE IF NOT EXISTS "user" (id text PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
  CREATE UNIQUE INDEX IF NOT EXISTS "IDX_user_email_unique" ON "user" (email) WHERE deleted_at IS NULL;
  CREATE TABLE IF NOT EXISTS auth_identity (id text PRIMARY KEY, app_metadata jsonb, deleted_at timestamptz);
  CREATE TABLE IF NOT EXISTS provider_identity (id text PRIMARY KEY, entity_id text NOT NULL, provider text NOT NULL,
    auth_identity_id text NOT NULL REFERENCES auth_identity ON DELETE CASCADE, provider_metadata jsonb, UNIQUE (entity_id, provider));
  CREATE TABLE IF NOT EXISTS "order" (id text PRIMARY KEY, display_id serial, deleted_at timestamptz);`

async function main([command, ...parameters]) {
  const { databaseUrl } = require("../../../../../images/medusa/backend/setup/environment.js").readSettings(process.env)
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  if (command === "db:migrate") {
    if (process.env.FAKE_MIGRATION_FAILS) throw new Error("error: column \"x\" does not exist")
    await client.query(tables)
  }
  const { rows } = await client.query("SELECT id, token FROM api_key")
  await client.end()
  if (command !== "start") return
  const server = path.join(__dirname, "..", "..", "..", "medusa_start.py")
  const child = spawn(process.env.FAKE_PYTHON, [server, "--port", parameters[parameters.indexOf("--port") + 1], "--state", process.env.FAKE_STATE], {
    env: { ...process.env, FAKE_KEYS: rows.map(({ id, token }) => `${id}=${token}`).join(",") },
    stdio: "inherit",
  })
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("close", () => process.exit(0))
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message)
  process.exit(1)
})
