"use strict"

// Sets a store up, or finds that it is set up: run by exactly one Job. One line of JSON a step on standard output; everything else goes
// to standard error. Ends with 0 when the store sells, 78 when its environment is wrong, 1 for every other reason, which is said last.

const { EnvironmentError, readSetup } = require("./setup/environment")
const { Report, Skipped, oneLine } = require("./setup/report")
const { adminApi, administratorToken, storeApi } = require("./setup/api")
const database = require("./setup/database")
const medusa = require("./setup/medusa")
const shop = require("./setup/shop")
const { ensureCatalogue } = require("./setup/catalogue")
const { verifyOrder, verifyStorefront } = require("./setup/verify")

async function ensureAdministrator(client, store) {
  if (await database.findAdministrator(client, store.adminEmail)) return new Skipped(`The administrator ${store.adminEmail} is there.`)
  await database.clearHalfAdministrator(client, store.adminEmail)
  await medusa.createAdministrator()
  return `The administrator ${store.adminEmail} can sign in.`
}

async function setUp(report) {
  let environment
  await report.step("environment", () => {
    environment = readSetup(process.env)
    return "Everything needed is set."
  })
  const { settings, store } = environment
  let client
  await report.step("database", async () => {
    client = await database.connect(settings.databaseUrl)
    return "The database answers."
  })
  try {
    await report.step("migrate", async () => {
      await medusa.migrate()
      return "The database's tables are as this version wants them."
    })
    await report.step("key", () => database.ensureKey(client, store.publishableKey))
    await report.step("administrator", () => ensureAdministrator(client, store))
    const administrator = await database.findAdministrator(client, store.adminEmail)
    const key = await database.keyId(client, store.publishableKey)
    await medusa.withServer(async (url) => {
      const admin = adminApi(url, administratorToken(administrator, settings.jwtSecret))
      const visitor = storeApi(url, store.publishableKey)
      await report.step("store", () => shop.nameStore(admin, store))
      await report.step("region", () => shop.ensureRegion(admin, store))
      await report.step("tax", () => shop.ensureTaxRegion(admin, store))
      await report.step("channel", () => shop.linkKey(admin, key))
      await report.step("location", () => shop.ensureLocation(admin, store))
      await report.step("shipping", () => shop.ensureShipping(admin, store))
      await report.step("catalogue", () => ensureCatalogue(admin, store))
      await report.step("storefront", () => verifyStorefront(visitor, store))
      await report.step("order", () => verifyOrder(visitor, admin, client))
    })
  } finally {
    await client.end().catch(() => {})
  }
}

setUp(new Report()).then(
  () => process.exit(0),
  (error) => {
    // The last line is what the pod's status will show.
    process.stderr.write(`Set-up failed: ${oneLine(error.message)}\n`)
    process.exit(error instanceof EnvironmentError ? 78 : 1)
  }
)
