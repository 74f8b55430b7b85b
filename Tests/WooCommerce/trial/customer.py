"""Somebody outside: a browser with cookies, and a customer of the Store API."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers to look at."""

    def redirect_request(self, *_):
        return None


class Answer:
    def __init__(self, response):
        self.status = response.status if hasattr(response, "status") else response.code
        self.headers = response.headers
        self.body = response.read().decode(errors="replace")

    def json(self):
        return json.loads(self.body)


class Browser:
    """Talks to 127.0.0.1 and names the shop's host, as its proxy does."""

    def __init__(self, shop):
        self.shop = shop
        self.host = urllib.parse.urlsplit(shop.environment["STORE_URL"]).netloc
        # Cookies of shop.test, though the address is 127.0.0.1.
        self.cookies: dict[str, str] = {}
        self.opener = urllib.request.build_opener(Stay)

    def request(self, method: str, path: str, form: dict | None = None, body: dict | None = None, **headers: str) -> Answer:
        data = None
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = urllib.request.Request(self.shop.url + path, data=data, headers=sent, method=method)
        try:
            with self.opener.open(request, timeout=60) as response:
                answer = Answer(response)
        except urllib.error.HTTPError as error:
            answer = Answer(error)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def log_in(self, user: str, password: str) -> Answer:
        self.get("/wp-login.php")
        form = {"log": user, "pwd": password, "wp-submit": "Log In", "testcookie": "1", "redirect_to": "/wp-admin/"}
        return self.request("POST", "/wp-login.php", form=form)


ADDRESS = {
    "first_name": "Ada", "last_name": "Lovelace", "address_1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH",
    "country": "GB", "state": "", "phone": "02012345678",
}


def buy(shop, email: str = "ada@example.com") -> dict:
    """An order paid by cash on delivery, as any client of the Store API would place it."""
    browser = Browser(shop)
    products = browser.get("/wp-json/wc/store/v1/products")
    assert products.status == 200, f"products: {products.status} {products.body[:300]}"
    on_sale = [product for product in products.json() if product["is_purchasable"]]
    assert on_sale, "no product can be bought"
    cart = browser.get("/wp-json/wc/store/v1/cart")
    tokens = {"Cart_Token": cart.headers["Cart-Token"], "Nonce": cart.headers["Nonce"]}
    added = browser.request("POST", "/wp-json/wc/store/v1/cart/add-item", body={"id": on_sale[0]["id"], "quantity": 2}, **tokens)
    assert added.status == 201, f"add-item: {added.status} {added.body[:300]}"
    order = browser.request(
        "POST", "/wp-json/wc/store/v1/checkout", **tokens,
        body={"billing_address": ADDRESS | {"email": email}, "shipping_address": ADDRESS, "payment_method": "cod"})
    assert order.status == 200, f"checkout: {order.status} {order.body[:500]}"
    return order.json()


def titles(html: str) -> list[str]:
    return re.findall(r'woocommerce-loop-product__title">([^<]+)<', html)
