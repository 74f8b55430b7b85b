import assert from "node:assert/strict";
import test from "node:test";
import { Problem } from "../src/api/client";
import type { Cart, Product, Region, Variant } from "../src/api/types";
import { configOf } from "../src/config";
import { addressOf, faultsOf, formOf, stepOf, type Form } from "../src/model/checkout";
import { formerly, lowest, money, payable } from "../src/model/money";
import { pageOf, pagesFor, pathOf } from "../src/model/page";
import { initialRegion } from "../src/model/region";
import { available, isSoldOut, mostOfOne, stockText } from "../src/model/stock";
import { chosen, initialChoice, leadsSomewhere, offersChoice, variantText } from "../src/model/variants";

const key = `pk_${"0f".repeat(32)}`;

function variant(value: string, more: Partial<Variant> = {}): Variant {
  return {
    id: `variant_${value}`, title: value, sku: null, manage_inventory: true, allow_backorder: false, inventory_quantity: 8,
    options: [{ option_id: "opt", value }], calculated_price: { calculated_amount: 10, original_amount: 10, currency_code: "eur" }, ...more,
  };
}

function product(...variants: Variant[]): Product {
  const values = variants.map((variant) => ({ id: variant.id, value: variant.title }));
  return { id: "p", title: "Pot", subtitle: null, handle: "pot", description: null, thumbnail: null, images: null, variants, options: [{ id: "opt", title: "Glaze", values }] };
}

const form: Form = { email: "ada@example.com", firstName: "Ada", lastName: "L", street: "Linienstr. 40", extra: " ", postalCode: "10119", city: "Berlin", province: "", country: "de", phone: "" };

test("amounts are in major units, and a yen has no cents", () => {
  assert.equal(money(19.5, "eur", "en-GB"), "€19.50");
  assert.equal(money(1500, "jpy", "en-US"), "¥1,500");
  assert.equal(money(3, "not a currency", "en-GB"), "3 NOT A CURRENCY");
});

test("a price with tax goes before one without, and only a higher former price is shown", () => {
  const price = { calculated_amount: 10, original_amount: 12, currency_code: "eur" };
  assert.equal(payable(price), 10);
  assert.equal(payable({ ...price, calculated_amount_with_tax: 11.9, original_amount_with_tax: 14.28 }), 11.9);
  assert.equal(formerly(price), 12);
  assert.equal(formerly({ ...price, original_amount: 10 }), null);
  assert.equal(payable(undefined), null);
});

test("the lowest price says whether others are higher", () => {
  const dear = variant("Dear", { calculated_price: { calculated_amount: 20, original_amount: 20, currency_code: "eur" } });
  assert.deepEqual(lowest([dear, variant("Cheap")])?.isFrom, true);
  assert.equal(lowest([variant("A"), variant("B")])?.isFrom, false);
  assert.equal(lowest([variant("None", { calculated_price: undefined })]), null);
});

test("stock is what may be bought", () => {
  assert.equal(available(variant("A")), 8);
  assert.equal(available(variant("A", { inventory_quantity: -3 })), 0);
  assert.equal(available(variant("A", { manage_inventory: false, inventory_quantity: 0 })), mostOfOne);
  assert.equal(available(variant("A", { allow_backorder: true, inventory_quantity: 0 })), mostOfOne);
  assert.deepEqual([0, 1, 5, 6].map((count) => stockText(variant("A", { inventory_quantity: count }))), ["Out of stock", "Only one left", "Only 5 left", "In stock"]);
  assert.equal(isSoldOut(product(variant("A", { inventory_quantity: 0 }), variant("B"))), false);
  assert.equal(isSoldOut(product()), true);
});

test("the first that can be bought is chosen first", () => {
  const pot = product(variant("Sea", { inventory_quantity: 0 }), variant("Clay"));
  assert.deepEqual(initialChoice(pot), { opt: "Clay" });
  assert.equal(chosen(pot, { opt: "Sea" })?.title, "Sea");
  assert.equal(chosen(pot, { opt: "Moss" }), null);
  assert.equal(leadsSomewhere(pot, {}, "opt", "Sea"), false);
  assert.equal(leadsSomewhere(pot, {}, "opt", "Clay"), true);
  assert.equal(offersChoice(product(variant("Only"))), false);
  assert.deepEqual([variantText("Clay"), variantText("Default variant"), variantText(null)], ["Clay · ", "", ""]);
});

test("an address is checked field by field", () => {
  assert.deepEqual(faultsOf(form), {});
  assert.deepEqual(Object.keys(faultsOf({ ...form, email: "ada@example", city: " ", country: "", phone: "ring me" })).sort(), ["city", "country", "email", "phone"]);
  for (const email of ["", "ada", "@b.c", "a b@c.d", "a@b..c", "a@.c"]) assert.ok(faultsOf({ ...form, email }).email, email);
});

test("an address goes to Medusa trimmed, with null for what is empty", () => {
  assert.deepEqual(addressOf({ ...form, firstName: " Ada " }), {
    first_name: "Ada", last_name: "L", address_1: "Linienstr. 40", address_2: null, postal_code: "10119", city: "Berlin", province: null, country_code: "de", phone: null,
  });
});

const cart = { email: null, shipping_address: null, shipping_methods: [] } as unknown as Cart;

test("the form is filled from the cart, and a single country is chosen already", () => {
  assert.equal(formOf(cart, ["jp"]).country, "jp");
  assert.equal(formOf(cart, ["de", "fr"]).country, "");
  const known = { ...cart, email: "ada@example.com", shipping_address: addressOf(form) } as Cart;
  assert.deepEqual(formOf(known, ["de", "fr"]), { ...form, extra: "" });
  assert.equal(formOf(known, ["fr", "at"]).country, "");
});

test("the cart says which step is next", () => {
  assert.equal(stepOf(cart), "address");
  const addressed = { ...cart, email: "ada@example.com", shipping_address: addressOf(form) } as Cart;
  assert.equal(stepOf(addressed), "delivery");
  assert.equal(stepOf({ ...addressed, shipping_methods: [{ id: "m", shipping_option_id: "o", amount: 5 }] }), "payment");
  // Medusa itself puts the country there when a region has but one.
  assert.equal(stepOf({ ...addressed, shipping_address: { country_code: "jp" } as Cart["shipping_address"] }), "address");
});

const regions: Region[] = [
  { id: "eu", name: "Europe", currency_code: "eur", countries: [{ iso_2: "de", display_name: "Germany" }] },
  { id: "jp", name: "Japan", currency_code: "jpy", countries: [{ iso_2: "jp", display_name: "Japan" }] },
];

test("the region is the saved one, else the browser's, else the first", () => {
  assert.equal(initialRegion(regions, "jp", ["de-DE"])?.id, "jp");
  assert.equal(initialRegion(regions, "gone", ["en", "ja-JP"])?.id, "jp");
  assert.equal(initialRegion(regions, null, ["en-US"])?.id, "eu");
  assert.equal(initialRegion([], null, []), null);
});

test("pages are numbered from one, whatever the address says", () => {
  const of = (query: string) => pageOf(new URL(`http://shop.example/${query}`));
  assert.deepEqual(["", "?page=3", "?page=0", "?page=-1", "?page=x", "?page=1.5"].map(of), [1, 3, 1, 1, 1, 1]);
  assert.deepEqual([pagesFor(0), pagesFor(12), pagesFor(13)], [1, 1, 2]);
  assert.deepEqual([pathOf(1), pathOf(2)], ["/", "/?page=2"]);
});

test("settings that cannot be right are refused in words", () => {
  assert.deepEqual(configOf({ storeName: " Clay ", backendUrl: "https://api.example/" }, `${key}\n`), { storeName: "Clay", backendUrl: "https://api.example", publishableKey: key });
  assert.equal(configOf({ storeName: "Clay" }, key).backendUrl, "");
  for (const [settings, text] of [[null, key], [{ storeName: "" }, key], [{ storeName: "Clay", backendUrl: 5 }, key], [{ storeName: "Clay" }, "<html>"]] as const) {
    assert.throws(() => configOf(settings, text), Problem);
  }
});

test("a problem knows whether the cart is lost or the stock too small", () => {
  assert.ok(new Problem(404, "Cart with id 'cart_1' not found", "not_found").isAboutLostCart);
  assert.ok(new Problem(400, "Cart cart_1 is already completed.", "invalid_data").isAboutLostCart);
  assert.ok(!new Problem(404, "Region with id: reg_1 was not found").isAboutLostCart);
  assert.ok(new Problem(400, "Some variant does not have the required inventory", "not_allowed", "insufficient_inventory").isAboutStock);
});
