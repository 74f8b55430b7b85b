"""Carts and orders of a Medusa that lives in memory. Amounts are in major units, as Medusa 2 has them."""

import itertools
from datetime import datetime, timezone

from medusa_shapes import Refusal

PROVIDER = "pp_system_default"


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Carts:
    def __init__(self, shop):
        self.shop = shop
        self.carts, self.orders, self.collections = {}, {}, {}
        self.numbers = itertools.count(1)
        self.display_ids = itertools.count(1)

    def new_id(self, prefix):
        return f"{prefix}_{next(self.numbers):026d}"

    def get(self, id):
        # packages/medusa/src/api/store/carts/helpers.ts: refetchCart
        if id not in self.carts:
            raise Refusal("not_found", f"Cart with id '{id}' not found")
        return self.carts[id]

    def open(self, id):
        """A cart that may be changed: packages/core/core-flows/src/cart/steps/validate-cart.ts."""
        cart = self.get(id)
        if cart["completed_at"]:
            raise Refusal("invalid_data", f"Cart {id} is already completed.")
        return cart

    def create(self, body):
        # packages/core/core-flows/src/cart/workflows/create-carts.ts
        region = self.shop.region(body.get("region_id"))
        id = self.new_id("cart")
        self.carts[id] = {
            "id": id, "region_id": region["id"], "currency_code": region["currency_code"], "email": body.get("email"), "completed_at": None,
            "created_at": now(), "items": [], "shipping_address": None, "billing_address": None, "shipping_methods": [], "payment_collection": None,
        }  # fmt: skip
        return self.carts[id]

    def update(self, id, body):
        # packages/core/core-flows/src/cart/workflows/update-cart.ts: a new region empties the address, and brings its own prices
        cart = self.open(id)
        region = self.shop.region(body.get("region_id", cart["region_id"]))
        codes = [country["iso_2"] for country in region["countries"]]
        for name in ("shipping_address", "billing_address"):
            if name not in body:
                continue
            code = body[name].get("country_code")
            if name == "shipping_address" and code and code not in codes:
                raise Refusal("invalid_data", f"Country with code {code} is not within region {region['name']}")
            cart[name] = body[name]
        if "email" in body:
            cart["email"] = body["email"]
        if region["id"] != cart["region_id"]:
            cart.update(region_id=region["id"], currency_code=region["currency_code"], shipping_methods=[])
            cart["shipping_address"] = {"country_code": codes[0]} if len(codes) == 1 else None
            for item in cart["items"]:
                item["unit_price"] = self.shop.price(self.shop.variant(item["variant_id"])[1], region)
        return cart

    def require_stock(self, variant, quantity):
        # packages/core/core-flows/src/cart/steps/confirm-inventory.ts
        if variant["manage_inventory"] and not variant["allow_backorder"] and variant["inventory_quantity"] < quantity:
            raise Refusal("not_allowed", "Some variant does not have the required inventory", "insufficient_inventory")

    def add_item(self, id, body):
        # packages/core/core-flows/src/cart/workflows/add-to-cart.ts
        cart = self.open(id)
        product, variant = self.shop.variant(body["variant_id"])
        price = self.shop.price(variant, self.shop.region(cart["region_id"]))
        item = next((item for item in cart["items"] if item["variant_id"] == variant["id"]), None)
        self.require_stock(variant, body["quantity"] + (item["quantity"] if item else 0))
        if item:
            item["quantity"] += body["quantity"]
        else:
            cart["items"].append({
                "id": self.new_id("cali"), "title": product["title"], "product_title": product["title"], "variant_title": variant["title"],
                "product_id": product["id"], "product_handle": product["handle"], "thumbnail": product["thumbnail"], "variant_id": variant["id"],
                "quantity": body["quantity"], "unit_price": price, "requires_shipping": True, "created_at": now(),
            })  # fmt: skip
        return cart

    def item(self, cart, id):
        if not (item := next((item for item in cart["items"] if item["id"] == id), None)):
            raise Refusal("not_found", f"Line item with id: {id} was not found")
        return item

    def change_item(self, id, line, body):
        # packages/core/core-flows/src/cart/workflows/update-line-item-in-cart.ts: nought removes
        cart = self.open(id)
        item = self.item(cart, line)
        if body["quantity"] == 0:
            cart["items"].remove(item)
        else:
            self.require_stock(self.shop.variant(item["variant_id"])[1], body["quantity"])
            item["quantity"] = body["quantity"]
        return cart

    def remove_item(self, id, line):
        cart = self.open(id)
        cart["items"].remove(self.item(cart, line))
        return {"id": line, "object": "line-item", "deleted": True, "parent": self.shown(cart)}

    def choose_shipping(self, id, body):
        # packages/core/core-flows/src/cart/workflows/add-shipping-method-to-cart.ts
        cart = self.open(id)
        option = next((option for option in self.shop.shipping_for(cart) if option["id"] == body["option_id"]), None)
        if not option:
            raise Refusal("invalid_data", f"Shipping Options are invalid for cart. Invalid options: {body['option_id']}")
        method = {"id": self.new_id("casm"), "shipping_option_id": option["id"], "name": option["name"], "amount": option["amount"]}
        cart["shipping_methods"] = [method]
        return cart

    def payment_collection(self, cart_id):
        # packages/medusa/src/api/store/payment-collections/route.ts: the one there is, else a new one
        cart = self.open(cart_id)
        if not cart["payment_collection"]:
            id = self.new_id("pay_col")
            totals = self.shown(cart)
            cart["payment_collection"] = {"id": id, "currency_code": cart["currency_code"], "amount": totals["total"], "payment_sessions": []}
            self.collections[id] = cart
        return cart["payment_collection"]

    def payment_session(self, collection_id, body):
        # packages/core/core-flows/src/payment-collection/workflows/create-payment-session.ts
        if collection_id not in self.collections:
            raise Refusal("not_found", f"PaymentCollection with id: {collection_id} was not found")
        cart = self.collections[collection_id]
        if body["provider_id"] not in self.shop.region(cart["region_id"])["payment_providers"]:
            raise Refusal("invalid_data", f"Payment provider {body['provider_id']} is not available for the region")
        session = {"id": self.new_id("payses"), "provider_id": body["provider_id"], "status": "pending", "data": {}}
        cart["payment_collection"]["payment_sessions"] = [session]
        return cart["payment_collection"]

    def complete(self, id):
        # packages/core/core-flows/src/cart/workflows/complete-cart.ts: a second call gives the order of the first
        cart = self.get(id)
        if cart["completed_at"]:
            return next(order for order in self.orders.values() if order["cart_id"] == id)
        if not cart["payment_collection"] or not cart["payment_collection"]["payment_sessions"]:
            raise Refusal("invalid_data", "Payment sessions are required to complete cart")
        if not cart["shipping_methods"]:
            raise Refusal("invalid_data", "No shipping method selected but the cart contains items that require shipping.")
        for item in cart["items"]:
            self.require_stock(self.shop.variant(item["variant_id"])[1], item["quantity"])
        for item in cart["items"]:
            self.shop.variant(item["variant_id"])[1]["inventory_quantity"] -= item["quantity"]
        cart["completed_at"] = now()
        order = self.shown(cart) | {"id": self.new_id("order"), "display_id": next(self.display_ids), "status": "pending", "created_at": now(), "cart_id": id}
        self.orders[order["id"]] = order
        return order

    def shown(self, cart):
        """A cart with its totals: packages/medusa/src/api/store/carts/query-config.ts."""
        region = self.shop.region(cart["region_id"])
        goods = round(sum(item["unit_price"] * item["quantity"] for item in cart["items"]), 2)
        shipping = sum(method["amount"] for method in cart["shipping_methods"])
        tax = round((goods + shipping) * region["tax_rate"], 2)
        return cart | {
            "item_subtotal": goods, "item_total": goods, "shipping_subtotal": shipping, "shipping_total": shipping, "discount_total": 0,
            "discount_subtotal": 0, "subtotal": goods + shipping, "tax_total": tax, "total": round(goods + shipping + tax, 2),
        }  # fmt: skip
