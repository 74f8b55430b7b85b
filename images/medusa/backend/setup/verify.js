"use strict"

// Shows that the store sells: by selling something to itself through the API that its customers use, and taking that back.

const { SetupError, Skipped } = require("./report")
const { manualPayment } = require("./shop")
const database = require("./database")

const email = "set-up@store-platform.invalid"
const fields = "*variants.calculated_price,+variants.inventory_quantity"

async function whatIsSold(store) {
  const { regions } = await store.get("/store/regions")
  const region = regions.find(({ countries }) => countries.length > 0)
  if (!region) throw new SetupError("the storefront sees no region with a country")
  const { payment_providers: providers } = await store.get("/store/payment-providers", { region_id: region.id })
  if (!providers.some(({ id }) => id === manualPayment)) throw new SetupError(`the region ${region.name} offers no payment by ${manualPayment}`)
  const { products, count } = await store.get("/store/products", { region_id: region.id, fields, limit: "50" })
  return { region, products, count }
}

/** What a visitor sees. Fails where an ordinary visit would. */
async function verifyStorefront(store, { catalogue }) {
  const { region, products, count } = await whatIsSold(store)
  if (catalogue === "sample" && products.length === 0) return new Skipped(`The region ${region.name} is open; there is no product.`)
  return `The storefront sees the region ${region.name} and ${count} product${count === 1 ? "" : "s"}.`
}

function buyable(products) {
  for (const product of products) {
    for (const variant of product.variants ?? []) {
      const isThere = !variant.manage_inventory || variant.allow_backorder || variant.inventory_quantity > 0
      if (isThere && variant.calculated_price?.calculated_amount != null) return variant
    }
  }
  return null
}

async function order(store, region, variant) {
  const { cart } = await store.post("/store/carts", { region_id: region.id })
  const path = `/store/carts/${cart.id}`
  await store.post(`${path}/line-items`, { variant_id: variant.id, quantity: 1 })
  const country = region.countries[0].iso_2
  const address = { first_name: "Set-up", last_name: "Test", address_1: "1 Test Street", city: "Testville", postal_code: "10115", country_code: country }
  await store.post(path, { email, shipping_address: address, billing_address: address })
  const { shipping_options: options } = await store.get("/store/shipping-options", { cart_id: cart.id })
  if (!options[0]) throw new SetupError(`a cart with an address in ${country} is offered no delivery`)
  await store.post(`${path}/shipping-methods`, { option_id: options[0].id })
  const { payment_collection: collection } = await store.post("/store/payment-collections", { cart_id: cart.id })
  await store.post(`/store/payment-collections/${collection.id}/payment-sessions`, { provider_id: manualPayment })
  const outcome = await store.post(`${path}/complete`)
  if (outcome.type !== "order") throw new SetupError(`the test cart was not completed: ${outcome.error?.message}`)
  return outcome.order
}

/** Orders and takes back, but only in a shop that has never sold: there is nothing to prove about one that has. */
async function verifyOrder(store, admin, client) {
  const { count } = await admin.get("/admin/orders", { limit: "1", fields: "id" })
  if (count > 0) return new Skipped(`The store has sold already: ${count} order${count === 1 ? "" : "s"}.`)
  const { region, products } = await whatIsSold(store)
  const variant = buyable(products)
  if (!variant) return new Skipped("There is nothing that could be ordered.")
  const placed = await order(store, region, variant)
  try {
    await admin.get(`/admin/orders/${placed.id}`, { fields: "id" })
  } finally {
    await admin.post(`/admin/orders/${placed.id}/cancel`)
    await database.hideOrder(client, placed.id)
    const { customers } = await admin.get("/admin/customers", { email })
    for (const customer of customers) await admin.delete(`/admin/customers/${customer.id}`)
  }
  return `Order number ${placed.display_id} was placed through the storefront's API, and taken back.`
}

module.exports = { buyable, verifyOrder, verifyStorefront }
