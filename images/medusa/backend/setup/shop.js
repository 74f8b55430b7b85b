"use strict"

// What a store needs before it can sell. Each step looks first: what is there, by whomever it was made, is left as it is.

const { Skipped } = require("./report")

const manualPayment = "pp_system_default"
const manualFulfilment = "manual_manual"
const systemTax = "tp_system"

const theStore = async (admin) => (await admin.get("/admin/stores")).stores[0]

/** Notes in the store's metadata what has been done once: a merchant who undoes it has meant to. */
async function once(admin, mark, run) {
  const store = await theStore(admin)
  if (store.metadata?.[mark]) return new Skipped("Done by an earlier set-up.")
  const { message, update } = await run(store)
  await admin.post(`/admin/stores/${store.id}`, { ...update, metadata: { ...store.metadata, [mark]: new Date().toISOString() } })
  return message
}

/** The store's name and currency. */
function nameStore(admin, { name, currency }) {
  return once(admin, "set_up_store", async () => ({
    message: `The store is called ${name} and counts in ${currency}.`,
    update: { name, supported_currencies: [{ currency_code: currency, is_default: true }] },
  }))
}

function countryName(code) {
  try {
    return new Intl.DisplayNames(["en"], { type: "region" }).of(code.toUpperCase())
  } catch {
    return code.toUpperCase()
  }
}

/** A region with the country, its currency and payment by arrangement. */
async function ensureRegion(admin, { country, currency }) {
  const { regions } = await admin.get("/admin/regions", { limit: "100" })
  if (regions.length > 0) return new Skipped(`There is a region: ${regions[0].name}.`)
  const name = countryName(country)
  const { region } = await admin.post("/admin/regions", { name, currency_code: currency, countries: [country], payment_providers: [manualPayment] })
  const store = await theStore(admin)
  await admin.post(`/admin/stores/${store.id}`, { default_region_id: region.id })
  return `The region ${name} sells in ${currency}.`
}

/** Without a tax region Medusa cannot tell what an order is taxed with. No rate: that is the merchant's to say. */
async function ensureTaxRegion(admin, { country }) {
  const { tax_regions: found } = await admin.get("/admin/tax-regions", { country_code: country })
  if (found.length > 0) return new Skipped("There is a tax region.")
  await admin.post("/admin/tax-regions", { country_code: country, provider_id: systemTax })
  return "The tax region is made, without a rate."
}

const channelOf = async (admin) => (await theStore(admin)).default_sales_channel_id

/** The key opens what is sold in the store's sales channel. */
async function linkKey(admin, key) {
  const channel = await channelOf(admin)
  const { api_key: found } = await admin.get(`/admin/api-keys/${key}`, { fields: "id,*sales_channels" })
  if (found.sales_channels?.some(({ id }) => id === channel)) return new Skipped("The key opens the sales channel.")
  await admin.post(`/admin/api-keys/${key}/sales-channels`, { add: [channel] })
  return "The key opens the sales channel."
}

const locationFields = "id,name,*sales_channels,*fulfillment_providers,*fulfillment_sets,*fulfillment_sets.service_zones"

/** A place that the goods lie in, that sells in the channel and sends by hand. */
async function ensureLocation(admin, { country }) {
  const { stock_locations: found } = await admin.get("/admin/stock-locations", { limit: "1", fields: locationFields })
  let location = found[0]
  const did = []
  if (!location) {
    const address = { address_1: "To be filled in", country_code: country }
    location = (await admin.post("/admin/stock-locations", { name: "Warehouse", address })).stock_location
    did.push("made")
  }
  const channel = await channelOf(admin)
  if (!location.sales_channels?.some(({ id }) => id === channel)) {
    await admin.post(`/admin/stock-locations/${location.id}/sales-channels`, { add: [channel] })
    did.push("sells in the channel")
  }
  if (!location.fulfillment_providers?.some(({ id }) => id === manualFulfilment)) {
    await admin.post(`/admin/stock-locations/${location.id}/fulfillment-providers`, { add: [manualFulfilment] })
    did.push("sends by hand")
  }
  return did.length > 0 ? `The place ${location.name}: ${did.join(", ")}.` : new Skipped(`There is a place: ${location.name}.`)
}

async function ensureProfile(admin) {
  const { shipping_profiles: found } = await admin.get("/admin/shipping-profiles", { limit: "1" })
  if (found[0]) return found[0]
  return (await admin.post("/admin/shipping-profiles", { name: "Default", type: "default" })).shipping_profile
}

/** Somewhere to send to, and a flat price for it: without both, no cart can be completed. */
async function ensureShipping(admin, { country, currency }, amount = 5) {
  const { shipping_options: options } = await admin.get("/admin/shipping-options", { limit: "1" })
  if (options[0]) return new Skipped(`There is a way of delivery: ${options[0].name}.`)
  const readLocation = async () => (await admin.get("/admin/stock-locations", { limit: "1", fields: locationFields })).stock_locations[0]
  let location = await readLocation()
  if (!location.fulfillment_sets?.[0]) {
    await admin.post(`/admin/stock-locations/${location.id}/fulfillment-sets`, { name: `${location.name} shipping`, type: "shipping" })
    location = await readLocation()
  }
  const set = location.fulfillment_sets[0]
  let zone = set.service_zones?.[0]
  if (!zone) {
    const body = { name: countryName(country), geo_zones: [{ type: "country", country_code: country }] }
    zone = (await admin.post(`/admin/fulfillment-sets/${set.id}/service-zones`, body)).fulfillment_set.service_zones[0]
  }
  const profile = await ensureProfile(admin)
  await admin.post("/admin/shipping-options", {
    name: "Standard delivery",
    service_zone_id: zone.id,
    shipping_profile_id: profile.id,
    provider_id: manualFulfilment,
    price_type: "flat",
    type: { label: "Standard", description: "Sent within a few days.", code: "standard" },
    prices: [{ currency_code: currency, amount }],
    // What the administration itself adds: for customers, and not for returns.
    rules: [
      { attribute: "enabled_in_store", operator: "eq", value: "true" },
      { attribute: "is_return", operator: "eq", value: "false" },
    ],
  })
  return `Standard delivery costs ${amount} ${currency}.`
}

module.exports = { channelOf, countryName, ensureLocation, ensureProfile, ensureRegion, ensureShipping, ensureTaxRegion, linkKey, manualPayment, nameStore, once }
