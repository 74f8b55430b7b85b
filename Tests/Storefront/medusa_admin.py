"""The part of Medusa's Admin API that the set-up program uses, over the same shop. medusa_start.py serves it.

Schemas as in packages/medusa/src/api/admin/<what>/validators.ts of MedusaJS 2.13.3, answers as in the route.ts beside each.
"""

import re

import medusa_shop
from medusa_shapes import FIND, SELECT, Field, Refusal, maybe, metadata, optional, text

ROUTES = []
listed = Field(list, of=text)
LINK = {"add": Field(list, optional=True, of=text), "remove": Field(list, optional=True, of=text)}
ADDRESS = {"address_1": text, "country_code": text} | {name: maybe for name in ("address_2", "company", "city", "phone", "postal_code", "province")}
PRICE = {"currency_code": text, "amount": Field(float)}
STORE = {
    "name": optional, "default_sales_channel_id": maybe, "default_region_id": maybe, "default_location_id": maybe, "metadata": metadata,
    "supported_currencies": Field(list, optional=True, of={"currency_code": text, "is_default": Field(bool, optional=True)}),
}  # fmt: skip
REGION = {
    "name": text, "currency_code": text, "countries": Field(list, optional=True, of=text), "automatic_taxes": Field(bool, optional=True),
    "is_tax_inclusive": Field(bool, optional=True), "payment_providers": Field(list, optional=True, of=text), "metadata": metadata,
}  # fmt: skip
SHIPPING_OPTION = {
    "name": text, "service_zone_id": text, "shipping_profile_id": text, "provider_id": text, "price_type": Field(str, choices=["flat", "calculated"]),
    "type": Field(dict, of={"label": text, "description": optional, "code": text}), "prices": Field(list, of=PRICE),
    "rules": Field(list, optional=True, of={"operator": text, "attribute": text, "value": text}),
}  # fmt: skip
VARIANT = {
    "title": text, "sku": maybe, "manage_inventory": Field(bool, optional=True), "allow_backorder": Field(bool, optional=True),
    "options": Field(dict, optional=True, of=text), "prices": Field(list, of=PRICE),
}  # fmt: skip
PRODUCT = {
    "title": text, "handle": optional, "description": maybe, "status": Field(str, nullish=True, choices=["draft", "proposed", "published", "rejected"]),
    "thumbnail": maybe, "images": Field(list, optional=True, of={"url": text}), "options": Field(list, optional=True, of={"title": text, "values": listed}),
    "variants": Field(list, optional=True, of=VARIANT), "sales_channels": Field(list, optional=True, of={"id": text}), "shipping_profile_id": optional,
}  # fmt: skip


def route(method, pattern, schema=None, query=SELECT):
    compiled = re.compile("/admin" + re.sub(r":\w+", r"([^/]+)", pattern))
    return lambda handler: ROUTES.append((method, compiled, schema, query, handler)) or handler


class Administration:
    def __init__(self, medusa):
        self.medusa = medusa
        # What Medusa makes by itself: packages/core/core-flows/src/defaults/workflows/create-defaults.ts
        self.store = {"id": "store_1", "name": "Medusa Store", "default_sales_channel_id": "sc_default", "metadata": None, "supported_currencies": [{"currency_code": "eur"}]}
        self.keys, self.locations, self.profiles, self.options, self.tax_regions, self.items, self.cancelled = {}, [], [], [], [], [], set()

    def one(self, entries, id):
        if not (found := next((entry for entry in entries if entry["id"] == id), None)):
            raise Refusal("not_found", f"{id} was not found")
        return found

    def add(self, entries, prefix, **values):
        entries.append({"id": f"{prefix}_{len(entries) + 1}"} | values)
        return entries[-1]

    @route("GET", "/stores", query=FIND)
    def stores(self, query, _):
        return {"stores": [self.store]}

    @route("POST", "/stores/:id", STORE)
    def update_store(self, _, body, id):
        assert id == self.store["id"]
        self.store.update(body)
        return {"store": self.store}

    @route("GET", "/regions", query=FIND)
    def regions(self, query, _):
        return {"regions": self.medusa.shop.regions}

    @route("POST", "/regions", REGION)
    def create_region(self, _, body):
        region = medusa_shop.region(body["name"], body["currency_code"], body["countries"])
        region["payment_providers"] = body["payment_providers"]
        self.medusa.shop.regions.append(region)
        return {"region": region}

    @route("GET", "/tax-regions", query=FIND | {"country_code"})
    def tax(self, query, _):
        return {"tax_regions": [region for region in self.tax_regions if region["country_code"] == query["country_code"]]}

    @route("POST", "/tax-regions", {"country_code": text, "provider_id": maybe})
    def create_tax(self, _, body):
        if not body.get("provider_id"):
            raise Refusal("invalid_data", "Invalid request: Provider is required when creating a non-province tax region.")
        return {"tax_region": self.add(self.tax_regions, "txreg", **body)}

    def key_of(self, id):
        if id not in self.keys:
            raise Refusal("not_found", f"Api key with id: {id} was not found")
        return self.keys[id]

    @route("GET", "/api-keys/:id")
    def key(self, _, __, id):
        return {"api_key": {"id": id, "sales_channels": [{"id": channel} for channel in self.medusa.shop.keys.get(self.key_of(id), [])]}}

    @route("POST", "/api-keys/:id/sales-channels", LINK)
    def link_key(self, _, body, id):
        self.medusa.shop.keys[self.key_of(id)] = body["add"]
        return {"api_key": {"id": id}}

    @route("GET", "/stock-locations", query=FIND)
    def list_locations(self, query, _):
        return {"stock_locations": self.locations}

    @route("POST", "/stock-locations", {"name": text, "address": Field(dict, optional=True, of=ADDRESS)})
    def create_location(self, _, body):
        return {"stock_location": self.add(self.locations, "sloc", sales_channels=[], fulfillment_providers=[], fulfillment_sets=[], **body)}

    @route("POST", "/stock-locations/:id/sales-channels", LINK)
    def link_location(self, _, body, id):
        location = self.one(self.locations, id)
        location["sales_channels"] += [{"id": channel} for channel in body["add"]]
        return {"stock_location": location}

    @route("POST", "/stock-locations/:id/fulfillment-providers", LINK)
    def link_provider(self, _, body, id):
        location = self.one(self.locations, id)
        location["fulfillment_providers"] += [{"id": provider} for provider in body["add"]]
        return {"stock_location": location}

    @route("POST", "/stock-locations/:id/fulfillment-sets", {"name": text, "type": text})
    def create_set(self, _, body, id):
        location = self.one(self.locations, id)
        self.add(location["fulfillment_sets"], "fuset", service_zones=[], **body)
        return {"stock_location": location}

    @route("POST", "/fulfillment-sets/:id/service-zones", {"name": text, "geo_zones": Field(list, optional=True, of={"type": text, "country_code": text})})
    def create_zone(self, _, body, id):
        found = self.one([entry for location in self.locations for entry in location["fulfillment_sets"]], id)
        self.add(found["service_zones"], "serzo", **body)
        return {"fulfillment_set": found}

    @route("GET", "/shipping-profiles", query=FIND)
    def list_profiles(self, query, _):
        return {"shipping_profiles": self.profiles}

    @route("POST", "/shipping-profiles", {"name": text, "type": text, "metadata": metadata})
    def create_profile(self, _, body):
        return {"shipping_profile": self.add(self.profiles, "sp", **body)}

    @route("GET", "/shipping-options", query=FIND)
    def list_options(self, query, _):
        return {"shipping_options": self.options}

    @route("POST", "/shipping-options", SHIPPING_OPTION)
    def create_option(self, _, body):
        location = self.locations[0]
        self.one([zone for entry in location["fulfillment_sets"] for zone in entry["service_zones"]], body["service_zone_id"])
        self.one(self.profiles, body["shipping_profile_id"])
        if body["provider_id"] not in [provider["id"] for provider in location["fulfillment_providers"]]:
            raise Refusal("invalid_data", f"Providers ({body['provider_id']}) are not enabled for the service location")
        option = self.add(self.options, "so", **body)
        self.medusa.shop.shipping.append((option["id"], body["name"], {price["currency_code"]: price["amount"] for price in body["prices"]}))
        return {"shipping_option": option}

    @route("GET", "/products", query=FIND | {"handle"})
    def list_products(self, query, _):
        return {"products": [product for product in self.medusa.shop.products if product["handle"] == query["handle"]]}

    @route("POST", "/products", PRODUCT)
    def create_product(self, _, body):
        assert body["status"] == "published" and body["sales_channels"] and self.one(self.profiles, body["shipping_profile_id"])
        [option] = body["options"]
        prices = {price["currency_code"]: price["amount"] for price in body["variants"][0]["prices"]}
        images = [image["url"] for image in body["images"]]
        product = medusa_shop.product(body["title"], prices, options=(option["title"], option["values"]), stock=0, thumbnail=body["thumbnail"], images=images)
        for given, variant in zip(body["variants"], product["variants"]):
            assert given["options"][option["title"]] in option["values"]
            variant["sku"] = given["sku"]
            self.add(self.items, "iitem", sku=given["sku"], location_levels=[])
        self.medusa.shop.products.append(product)
        return {"product": product}

    @route("GET", "/inventory-items", query=FIND | {"sku"})
    def list_items(self, query, _):
        return {"inventory_items": [item for item in self.items if item["sku"] == query["sku"]]}

    @route("POST", "/inventory-items/:id/location-levels", {"location_id": text, "stocked_quantity": Field(float, optional=True)})
    def create_level(self, _, body, id):
        item, location = self.one(self.items, id), self.one(self.locations, body["location_id"])
        item["location_levels"].append(body)
        for variant in [variant for product in self.medusa.shop.products for variant in product["variants"]]:
            if variant["sku"] == item["sku"] and location["sales_channels"]:
                variant["inventory_quantity"] = body["stocked_quantity"]
        return {"inventory_item": item}

    @route("GET", "/orders", query=FIND)
    def list_orders(self, query, _):
        shown = [order for order in self.medusa.carts.orders.values() if order["id"] not in self.cancelled]
        return {"orders": shown, "count": len(shown)}

    @route("GET", "/orders/:id")
    def order(self, _, __, id):
        return {"order": self.medusa.carts.orders[id]}

    @route("POST", "/orders/:id/cancel", {})
    def cancel(self, _, __, id):
        self.cancelled.add(id)
        for item in self.medusa.carts.orders[id]["items"]:
            self.medusa.shop.variant(item["variant_id"])[1]["inventory_quantity"] += item["quantity"]
        return {"order": self.medusa.carts.orders[id]}

    @route("GET", "/customers", query=FIND | {"email"})
    def customers(self, query, _):
        return {"customers": [{"id": "cus_1", "email": query["email"]}] if self.medusa.carts.orders else []}

    @route("DELETE", "/customers/:id")
    def delete_customer(self, _, __, id):
        return {"id": id, "object": "customer", "deleted": True}
