"""Buys something in a MedusaJS 2 store through its Store API, step by step. Started by scripts/try-medusa; needs Python alone."""

import argparse
import json
import re
import sys
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

MANUAL = "pp_system_default"
FIELDS = "*variants.calculated_price,+variants.inventory_quantity"


class Failed(Exception):
    """Why the store did not sell."""


class Store:
    def __init__(self, url, key, timeout):
        self.url, self.key, self.timeout = url.rstrip("/"), key, timeout

    def read(self, method, path, body=None):
        request = Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode())
        if self.key:
            request.add_header("x-publishable-api-key", self.key)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urlopen(request, timeout=self.timeout) as answer:
                return answer.read().decode()
        except HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                text = text[:200]
            raise Failed(f"{method} {path} was answered with {error.code}: {text}") from None
        except (URLError, OSError) as error:
            raise Failed(f"{method} {path} was not answered: {getattr(error, 'reason', error)}") from None

    def call(self, method, path, body=None):
        text = self.read(method, path, body)
        try:
            return json.loads(text)
        except ValueError:
            raise Failed(f"{method} {path} was not answered in JSON: {text[:200]!r}") from None


def say(step, text):
    print(f"{step:<10} {text}", flush=True)


def publishable_key(store):
    """The storefront gives it to every visitor."""
    key = store.read("GET", "/publishable-key").strip()
    if not re.fullmatch(r"pk_[0-9a-f]{64}", key):
        raise Failed(f"{store.url}/publishable-key gives no publishable key: give one with --publishable-key")
    return key


def region_for(store, country):
    regions = store.call("GET", "/store/regions?limit=100")["regions"]
    for region in regions:
        codes = [entry["iso_2"] for entry in region["countries"]]
        if codes and (country is None or country in codes):
            return region, country or codes[0]
    raise Failed(f"no region sells to {country}" if country and regions else "the store has no region with a country")


def can_be_bought(variant):
    has_price = (variant.get("calculated_price") or {}).get("calculated_amount") is not None
    return has_price and (not variant["manage_inventory"] or variant["allow_backorder"] or variant.get("inventory_quantity", 0) > 0)


def variant_for(store, region, handle):
    query = {"region_id": region["id"], "fields": FIELDS, "limit": 100} | ({"handle": handle} if handle else {})
    products = store.call("GET", f"/store/products?{urlencode(query)}")["products"]
    if not products:
        raise Failed(f"there is no published product {handle}" if handle else "the store has no published product")
    for product in products:
        for variant in product["variants"]:
            if can_be_bought(variant):
                return product, variant
    raise Failed(f"none of {len(products)} products has a price in {region['currency_code']} and stock")


def address_in(country):
    return {
        "first_name": "Test", "last_name": "Order", "address_1": "1 Test Street", "city": "Testville", "postal_code": "10115", "country_code": country,
    }  # fmt: skip


def buy(store, country, handle):
    region, country = region_for(store, country)
    say("region", f"{region['name']}, {region['currency_code']}, to {country}")
    product, variant = variant_for(store, region, handle)
    price = variant["calculated_price"]["calculated_amount"]
    say("product", f"{product['title']}, {variant['title']}, {price} {region['currency_code']}")
    cart = store.call("POST", "/store/carts", {"region_id": region["id"]})["cart"]
    say("cart", cart["id"])
    path = f"/store/carts/{cart['id']}"
    store.call("POST", f"{path}/line-items", {"variant_id": variant["id"], "quantity": 1})
    say("item", "one, in the cart")
    address = address_in(country)
    store.call("POST", path, {"email": "test-order@example.com", "shipping_address": address, "billing_address": address})
    say("address", ", ".join(address.values()))
    options = store.call("GET", f"/store/shipping-options?{urlencode({'cart_id': cart['id']})}")["shipping_options"]
    if not options:
        raise Failed(f"no way of delivery to {country} is offered")
    cart = store.call("POST", f"{path}/shipping-methods", {"option_id": options[0]["id"]})["cart"]
    say("delivery", f"{options[0]['name']}; total {cart['total']} {cart['currency_code']}")
    providers = store.call("GET", f"/store/payment-providers?{urlencode({'region_id': region['id']})}")["payment_providers"]
    if MANUAL not in [provider["id"] for provider in providers]:
        raise Failed(f"the region {region['name']} does not offer the payment {MANUAL}")
    collection = store.call("POST", "/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]
    store.call("POST", f"/store/payment-collections/{collection['id']}/payment-sessions", {"provider_id": MANUAL})
    say("payment", f"{MANUAL}, session begun")
    outcome = store.call("POST", f"{path}/complete")
    if outcome["type"] != "order":
        raise Failed(f"the cart was not completed: {outcome.get('error', {}).get('message', outcome)}")
    order = store.call("GET", f"/store/orders/{outcome['order']['id']}")["order"]
    say("order", f"{order['id']}, number {order['display_id']}, total {order['total']} {order['currency_code']}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/try-medusa", description="Buys something in a MedusaJS 2 store. It leaves a real order there.")
    parser.add_argument("url", help="the store's address: its storefront, or its backend with --publishable-key")
    parser.add_argument("--publishable-key", help="pk_…; without it, what the storefront gives to every visitor")
    parser.add_argument("--country", help="two letters; the first country of the first region if not given")
    parser.add_argument("--product", metavar="HANDLE", help="what to buy; the first that can be bought if not given")
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS", help="for each request (30)")
    options = parser.parse_args()
    store = Store(options.url, options.publishable_key, options.timeout)
    try:
        store.key = store.key or publishable_key(store)
        buy(store, options.country and options.country.lower(), options.product)
    except Failed as failure:
        print(f"The store does not sell: {failure}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
