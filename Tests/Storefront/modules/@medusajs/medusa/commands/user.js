// Stands in for packages/medusa/src/commands/user.ts: a user, an identity, and the link between them, one after the other.
const { Client } = require("pg")

exports.default = async function ({ email, password }) {
  const { databaseUrl } = require("../../../../../../images/medusa/backend/setup/environment.js").readSettings(process.env)
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`INSERT INTO "user" (id, email) VALUES ('user_1', $1)`, [email])
  if (process.env.FAKE_KILLED_HALFWAY) process.kill(process.pid, "SIGKILL")
  await client.query("INSERT INTO auth_identity (id) VALUES ('authid_1')")
  await client.query("INSERT INTO provider_identity (id, entity_id, provider, auth_identity_id, provider_metadata) VALUES ('prov_1', $1, 'emailpass', 'authid_1', $2)", [email, { password }])
  await client.query("UPDATE auth_identity SET app_metadata = '{\"user_id\": \"user_1\"}'")
  process.exit(0)
}
