"""The catalogue of a Medusa that lives in memory: regions, products with stock and prices, ways of delivery."""

import copy

from medusa_shapes import Refusal

KEY = "pk_" + "5a" * 32
COUNTRIES = {"us": "United States", "de": "Germany", "fr": "France", "at": "Austria", "jp": "Japan"}


def region(name, currency, countries, tax_rate=0.0):
    return {
        "id": f"reg_{name.lower().replace(' ', '_')}", "name": name, "currency_code": currency, "tax_rate": tax_rate,
        "countries": [{"iso_2": code, "display_name": COUNTRIES.get(code, code.upper())} for code in countries],
        "payment_providers": ["pp_system_default"],
    }  # fmt: skip


def product(title, prices, *, options=None, stock=10, thumbnail=None, images=(), description=""):
    """With a variant for each value of `options`, a (title, values) pair; `stock` may differ between them."""
    handle = title.lower().replace(" ", "-")
    name, values = options or ("Default option", ["Default option value"])
    variants = []
    for index, value in enumerate(values):
        quantity = stock[index] if isinstance(stock, list) else stock
        variants.append({
            "id": f"variant_{handle}_{index}", "title": value if options else "Default variant", "sku": f"{handle}-{index}".upper(),
            "manage_inventory": quantity is not None, "allow_backorder": False, "inventory_quantity": quantity or 0,
            "options": [{"id": f"optval_{handle}_{index}", "option_id": f"opt_{handle}", "value": value}], "prices": dict(prices),
        })  # fmt: skip
    return {
        "id": f"prod_{handle}", "title": title, "subtitle": None, "handle": handle, "description": description, "thumbnail": thumbnail,
        "images": [{"id": f"img_{handle}_{index}", "url": url} for index, url in enumerate(images)], "variants": variants,
        "options": [{"id": f"opt_{handle}", "title": name, "values": [{"id": f"optval_{handle}_{index}", "value": value} for index, value in enumerate(values)]}],
    }  # fmt: skip


class Shop:
    def __init__(self):
        self.keys = {KEY: ["sc_default"]}  # and the sales channels that each opens
        self.regions, self.products = [], []
        self.shipping = [("so_standard", "Standard", {"usd": 5, "eur": 4.5, "jpy": 600}), ("so_express", "Express", {"usd": 15, "eur": 12, "jpy": 1800})]

    @classmethod
    def sample(cls, regions=1):
        shop = cls()
        shop.regions = [region("Europe", "eur", ["de", "fr", "at"], 0.19), region("Japan", "jpy", ["jp"])][:regions]
        shop.products = [
            product(
                "Stoneware teapot", {"eur": 48.5, "jpy": 7800}, options=("Glaze", ["Sea", "Clay", "Moss"]), stock=[8, 2, 0],
                thumbnail="/samples/teapot.svg", images=["/samples/teapot.svg", "/samples/mug.svg"],
                description="Thrown by hand and glazed twice.\n\nHolds a litre, pours without a drop too many.",
            ),  # fmt: skip
            product("Everyday mug", {"eur": 16, "jpy": 2600}, stock=25, thumbnail="/samples/mug.svg"),
            product("Morning tea", {"eur": 9.9, "jpy": 1500}, options=("Size", ["50 g", "250 g"]), stock=None, thumbnail="/samples/tea.svg"),
            product("Last of its kind", {"eur": 120, "jpy": 19000}, stock=1),
            product("Sold out long ago", {"eur": 75, "jpy": 12000}, stock=0),
            product("Only in Europe", {"eur": 30}),
        ]
        shop.products[2]["variants"][1]["prices"] = {"eur": 39.9, "jpy": 6000}
        return shop

    def region(self, id):
        if not (found := next((region for region in self.regions if region["id"] == id), None)):
            raise Refusal("not_found", f"Region with id: {id} was not found")
        return found

    def variant(self, id):
        for product in self.products:
            for variant in product["variants"]:
                if variant["id"] == id:
                    return product, variant
        raise Refusal("invalid_data", f"Items {id} do not exist or belong to a product that is not published")

    def price(self, variant, region):
        if (amount := variant["prices"].get(region["currency_code"])) is None:
            raise Refusal("invalid_data", f"Variants with IDs {variant['id']} do not have a price")
        return amount

    def shipping_for(self, cart):
        # packages/core/core-flows/src/cart/workflows/list-shipping-options-for-cart.ts: those with a price in the cart's currency
        currency = cart["currency_code"]
        return [
            {"id": id, "name": name, "price_type": "flat", "amount": prices[currency], "insufficient_inventory": False, "provider_id": "manual_manual"}
            for id, name, prices in self.shipping
            if currency in prices
        ]

    def shown(self, product, asked, region, with_tax):
        """As packages/medusa/src/api/store/products/query-config.ts: prices and stock only where they were asked for.

        With tax only for a known country: packages/medusa/src/api/utils/middlewares/products/set-tax-context.ts.
        """
        shown = copy.deepcopy(product)
        for variant in shown["variants"]:
            prices = variant.pop("prices")
            if "variants.inventory_quantity" not in asked:
                del variant["inventory_quantity"]
            if "variants.calculated_price" in asked:
                amount = prices.get(region["currency_code"])
                variant["calculated_price"] = price = amount and {
                    "calculated_amount": amount, "original_amount": amount, "currency_code": region["currency_code"],
                }  # fmt: skip
                if price and with_tax:
                    taxed = round(amount * (1 + region["tax_rate"]), 2)
                    price.update(calculated_amount_with_tax=taxed, calculated_amount_without_tax=amount, original_amount_with_tax=taxed)
        return shown
