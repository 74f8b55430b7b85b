"""Serves the Store API of a Medusa that lives in memory, as strictly as Medusa 2.13.3 does.

It is what the storefront and scripts/try-medusa are tested against where no real Medusa can run. It refuses what it does not know.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import medusa_shapes as shapes
from medusa_carts import PROVIDER, Carts
from medusa_shapes import Refusal
from medusa_shop import Shop

ROUTES = []


def route(method, pattern):
    compiled = re.compile("/store" + re.sub(r":\w+", r"([^/]+)", pattern))
    return lambda handler: ROUTES.append((method, compiled, handler)) or handler


# An API beside the Store API adds itself here: a path's beginning, and what answers it.
OTHERS = {}


class Medusa:
    """The server, on a port of its own. Tests change `shop` and `carts` as they like."""

    def __init__(self, shop=None, port=0):
        self.lock = threading.Lock()
        self.is_down = False  # then it answers as an Ingress without a backend does
        self.seen = []
        self.reset(shop or Shop.sample())
        medusa = self

        class Handler(RequestHandler):
            owner = medusa

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def reset(self, shop):
        self.shop, self.carts, self.is_down = shop, Carts(shop), False
        self.seen.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # packages/medusa/src/api/store/regions/route.ts
    @route("GET", "/regions")
    def regions(self, query, _):
        query = shapes.query_of(shapes.FIND | {"q", "id", "name", "currency_code"}, query)
        regions = [{name: value for name, value in region.items() if name not in ("tax_rate", "payment_providers")} for region in self.shop.regions]
        return {"regions": regions, "count": len(regions), "offset": 0, "limit": int(query.get("limit", 20))}

    # packages/medusa/src/api/store/payment-providers/route.ts
    @route("GET", "/payment-providers")
    def payment_providers(self, query, _):
        query = shapes.query_of(shapes.FIND | {"region_id"}, query, ["region_id"])
        found = [{"id": id, "is_enabled": True} for id in self.shop.region(query["region_id"])["payment_providers"]]
        return {"payment_providers": found, "count": len(found), "offset": 0, "limit": 20}

    # packages/medusa/src/api/store/products/route.ts and middlewares.ts, api/utils/middlewares/products/set-pricing-context.ts
    @route("GET", "/products")
    def products(self, query, _):
        query = shapes.query_of(shapes.STORE_PRODUCTS, query)
        asked = shapes.asked_fields(query)
        region = None
        if "variants.calculated_price" in asked:
            if not (region := next((region for region in self.shop.regions if region["id"] == query.get("region_id")), None)):
                raise Refusal("invalid_data", f"Region with id {query.get('region_id')} not found when populating the pricing context")
        found = [product for product in self.shop.products if query.get("handle") in (None, product["handle"])]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 50))
        shown = [self.shop.shown(product, asked, region, "country_code" in query) for product in found[offset : offset + limit]]
        return {"products": shown, "count": len(found), "offset": offset, "limit": limit}

    # packages/medusa/src/api/store/carts/route.ts
    @route("POST", "/carts")
    def create_cart(self, query, body):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_CREATE_CART, body)
        return {"cart": self.carts.shown(self.carts.create(body))}

    # packages/medusa/src/api/store/carts/[id]/route.ts
    @route("GET", "/carts/:id")
    def get_cart(self, query, _, id):
        shapes.query_of(shapes.SELECT, query)
        return {"cart": self.carts.shown(self.carts.get(id))}

    @route("POST", "/carts/:id")
    def update_cart(self, query, body, id):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_UPDATE_CART, body)
        return {"cart": self.carts.shown(self.carts.update(id, body))}

    # packages/medusa/src/api/store/carts/[id]/line-items/route.ts
    @route("POST", "/carts/:id/line-items")
    def add_item(self, query, body, id):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_ADD_LINE_ITEM, body)
        return {"cart": self.carts.shown(self.carts.add_item(id, body))}

    # packages/medusa/src/api/store/carts/[id]/line-items/[line_id]/route.ts
    @route("POST", "/carts/:id/line-items/:line")
    def change_item(self, query, body, id, line):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_UPDATE_LINE_ITEM, body)
        return {"cart": self.carts.shown(self.carts.change_item(id, line, body))}

    @route("DELETE", "/carts/:id/line-items/:line")
    def remove_item(self, query, _, id, line):
        shapes.query_of(shapes.SELECT, query)
        return self.carts.remove_item(id, line)

    # packages/medusa/src/api/store/shipping-options/route.ts and validators.ts
    @route("GET", "/shipping-options")
    def shipping_options(self, query, _):
        query = shapes.query_of(shapes.FIND | {"cart_id", "is_return"}, query, ["cart_id"])
        return {"shipping_options": self.shop.shipping_for(self.carts.get(query["cart_id"]))}

    # packages/medusa/src/api/store/carts/[id]/shipping-methods/route.ts
    @route("POST", "/carts/:id/shipping-methods")
    def choose_shipping(self, query, body, id):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_ADD_SHIPPING_METHOD, body)
        return {"cart": self.carts.shown(self.carts.choose_shipping(id, body))}

    # packages/medusa/src/api/store/payment-collections/route.ts
    @route("POST", "/payment-collections")
    def payment_collection(self, query, body):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_CREATE_PAYMENT_COLLECTION, body)
        return {"payment_collection": self.carts.payment_collection(body["cart_id"])}

    # packages/medusa/src/api/store/payment-collections/[id]/payment-sessions/route.ts
    @route("POST", "/payment-collections/:id/payment-sessions")
    def payment_session(self, query, body, id):
        shapes.query_of(shapes.SELECT, query)
        shapes.validate(shapes.STORE_CREATE_PAYMENT_SESSION, body)
        return {"payment_collection": self.carts.payment_session(id, body)}

    # packages/medusa/src/api/store/carts/[id]/complete/route.ts
    @route("POST", "/carts/:id/complete")
    def complete(self, query, _, id):
        shapes.query_of(shapes.SELECT, query)
        return {"type": "order", "order": self.carts.complete(id)}

    # packages/medusa/src/api/store/orders/[id]/route.ts
    @route("GET", "/orders/:id")
    def order(self, query, _, id):
        shapes.query_of(shapes.SELECT, query)
        if id not in self.carts.orders:
            raise Refusal("not_found", f"Order id not found: {id}")
        return {"order": self.carts.orders[id]}


class RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Medusa

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        payload = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def handle_method(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        target = urlsplit(self.path)
        if self.owner.is_down:
            return self.answer(503, "<html>no available server</html>", "text/html")
        if target.path == "/health":
            return self.answer(200, "OK", "text/plain")
        self.owner.seen.append((self.command, target.path))
        try:
            with self.owner.lock:
                other = OTHERS.get(target.path.split("/")[1])
                self.answer(200, other(self, target, raw) if other else self.result(target, raw))
        except Refusal as refusal:
            self.answer(refusal.status, refusal.body)

    def result(self, target, raw):
        # packages/core/framework/src/http/middlewares/ensure-publishable-api-key.ts
        if not (key := self.headers.get("x-publishable-api-key")):
            raise Refusal("not_allowed", "Publishable API key required in the request header: x-publishable-api-key. You can manage your keys in settings in the dashboard.")
        if key not in self.owner.shop.keys:
            raise Refusal("not_allowed", "A valid publishable key is required to proceed with the request")
        # packages/medusa/src/api/utils/middlewares/products/filter-by-valid-sales-channels.ts
        if target.path == "/store/products" and not self.owner.shop.keys[key]:
            raise Refusal("invalid_data", "Publishable key needs to have a sales channel configured")
        if raw and not self.headers.get("Content-Type", "").startswith("application/json"):
            raw = b""  # express.json() leaves other bodies alone
        for method, pattern, handler in ROUTES:
            if method == self.command and (match := pattern.fullmatch(target.path)):
                return handler(self.owner, dict(parse_qsl(target.query, keep_blank_values=True)), json.loads(raw) if raw else {}, *match.groups())
        raise Refusal("not_found", f"Cannot {self.command} {target.path}")

    do_GET = do_POST = do_DELETE = handle_method


__all__ = ["Medusa", "PROVIDER", "Shop"]
