"use strict"

const assert = require("node:assert/strict")
const { createHmac } = require("node:crypto")
const test = require("node:test")
const { administratorToken } = require("../setup/api")
const { productBody, samples } = require("../setup/catalogue")
const { entityId, keyRow } = require("../setup/database")
const { Report, SetupError, Skipped, oneLine } = require("../setup/report")
const { countryName } = require("../setup/shop")
const { buyable } = require("../setup/verify")

function reporting() {
  const lines = []
  let now = 0
  const report = new Report((line) => lines.push(line), () => (now += 1234))
  return { report, lines: () => lines.map((line) => JSON.parse(line)), raw: lines }
}

test("a step is one line of JSON", async () => {
  const { report, lines, raw } = reporting()
  await report.step("migrate", async () => "Done.")
  await report.step("key", () => new Skipped("There."))
  await assert.rejects(report.step("store", () => Promise.reject(new SetupError("no\n  luck"))), /luck/)
  assert.deepEqual(lines(), [
    { step: "migrate", state: "done", message: "Done.", seconds: 1.2 },
    { step: "key", state: "skipped", message: "There.", seconds: 1.2 },
    { step: "store", state: "failed", message: "no luck", seconds: 1.2 },
  ])
  assert.ok(raw.every((line) => line.indexOf("\n") === line.length - 1))
})

test("a reason is short", () => {
  assert.equal(oneLine(" a\n\tb "), "a b")
  assert.equal(oneLine("x".repeat(5000)).length, 600)
})

test("a key's row is as Medusa makes it", () => {
  const token = `pk_${"0123456789abcdef".repeat(4)}`
  const row = keyRow(token)
  assert.match(row.id, /^apk_[0-9A-HJKMNP-TV-Z]{26}$/)
  assert.deepEqual({ ...row, id: "" }, { id: "", token, salt: "", redacted: "pk_012***def", title: "Storefront", type: "publishable", created_by: "" })
})

test("ids sort by the time they were made at", () => {
  // The ULID specification's own example: 1469918176385 is 01ARYZ6S41.
  assert.equal(entityId("apk", 1469918176385).slice(4, 14), "01ARYZ6S41")
  assert.notEqual(entityId("apk"), entityId("apk"))
})

test("an administrator's token is signed as Medusa checks it", () => {
  const token = administratorToken({ id: "user_1", identity: "authid_1" }, "secret", 1000)
  const [head, payload, signature] = token.split(".")
  assert.equal(signature, createHmac("sha256", "secret").update(`${head}.${payload}`).digest("base64url"))
  const claims = JSON.parse(Buffer.from(payload, "base64url"))
  assert.deepEqual([claims.actor_id, claims.actor_type, claims.auth_identity_id, claims.exp - claims.iat], ["user_1", "user", "authid_1", 3600])
})

test("a country has a name", () => {
  assert.deepEqual([countryName("jp"), countryName("??")], ["Japan", "??"])
})

test("the samples are products that can be sold", () => {
  assert.equal(samples.length, 3)
  assert.equal(new Set(samples.flatMap(({ variants }) => variants.map(({ sku }) => sku))).size, 5)
  for (const sample of samples) {
    const body = productBody(sample, "usd", "sc_1", "sp_1")
    assert.equal(body.status, "published")
    for (const variant of body.variants) assert.ok(body.options[0].values.includes(variant.options[sample.option]) && variant.prices[0].amount > 0)
  }
})

test("only what has a price and stock is bought for a test", () => {
  const price = { calculated_amount: 5 }
  const gone = { id: "gone", manage_inventory: true, allow_backorder: false, inventory_quantity: 0, calculated_price: price }
  const priceless = { id: "priceless", manage_inventory: false, calculated_price: null }
  const free = { id: "free", manage_inventory: false, calculated_price: { calculated_amount: 0 } }
  assert.equal(buyable([{ variants: [gone, priceless] }, { variants: [free] }])?.id, "free")
  assert.equal(buyable([{ variants: [gone] }, { variants: null }]), null)
})
