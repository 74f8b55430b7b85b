"use strict"

// Three products to begin with. Their pictures are drawn by us and served by the storefront, from /samples.

const { Skipped } = require("./report")
const { channelOf, ensureProfile, once } = require("./shop")

const samples = [
  {
    title: "Stoneware teapot",
    handle: "stoneware-teapot",
    description: "Thrown by hand and glazed twice. Holds a litre, and pours without a drop too many.",
    picture: "/samples/teapot.svg",
    option: "Glaze",
    variants: [
      { value: "Sea", sku: "TEAPOT-SEA", price: 48, stock: 20 },
      { value: "Clay", sku: "TEAPOT-CLAY", price: 48, stock: 12 },
    ],
  },
  {
    title: "Everyday mug",
    handle: "everyday-mug",
    description: "For the first coffee and the last tea. Goes into the dishwasher.",
    picture: "/samples/mug.svg",
    option: "Size",
    variants: [{ value: "300 ml", sku: "MUG-300", price: 16, stock: 50 }],
  },
  {
    title: "Morning tea",
    handle: "morning-tea",
    description: "A strong blend of Assam and Ceylon, to be drunk with milk or without.",
    picture: "/samples/tea.svg",
    option: "Weight",
    variants: [
      { value: "50 g", sku: "TEA-50", price: 7.5, stock: 80 },
      { value: "250 g", sku: "TEA-250", price: 29, stock: 40 },
    ],
  },
]

/** A sample as POST /admin/products takes it. */
function productBody(sample, currency, channel, profile) {
  return {
    title: sample.title,
    handle: sample.handle,
    description: sample.description,
    status: "published",
    thumbnail: sample.picture,
    images: [{ url: sample.picture }],
    options: [{ title: sample.option, values: sample.variants.map(({ value }) => value) }],
    variants: sample.variants.map(({ value, sku, price }) => ({
      title: value,
      sku,
      manage_inventory: true,
      options: { [sample.option]: value },
      prices: [{ currency_code: currency, amount: price }],
    })),
    sales_channels: [{ id: channel }],
    shipping_profile_id: profile,
  }
}

/** Puts a variant on the shelf, if it lies on none. */
async function ensureStock(admin, location, { sku, stock }) {
  const { inventory_items: items } = await admin.get("/admin/inventory-items", { sku })
  const item = items[0]
  if (!item || item.location_levels?.some(({ location_id: id }) => id === location)) return
  await admin.post(`/admin/inventory-items/${item.id}/location-levels`, { location_id: location, stocked_quantity: stock })
}

function ensureCatalogue(admin, { catalogue, currency }) {
  if (catalogue === "empty") return new Skipped("The catalogue is to be empty.")
  return once(admin, "set_up_catalogue", async () => {
    const channel = await channelOf(admin)
    const profile = await ensureProfile(admin)
    const location = (await admin.get("/admin/stock-locations", { limit: "1" })).stock_locations[0]
    for (const sample of samples) {
      const { products } = await admin.get("/admin/products", { handle: sample.handle })
      if (products.length === 0) await admin.post("/admin/products", productBody(sample, currency, channel, profile.id))
      for (const variant of sample.variants) await ensureStock(admin, location.id, variant)
    }
    return { message: `${samples.length} products are for sale.`, update: {} }
  })
}

module.exports = { ensureCatalogue, productBody, samples }
