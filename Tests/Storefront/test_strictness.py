"""The Medusa of these tests refuses what a real one refuses; else passing them would mean little."""

import pytest
import requests
from medusa_shop import KEY


def send(medusa, method, path, body=None, key=KEY):
    headers = {"x-publishable-api-key": key} if key else {}
    return requests.request(method, f"{medusa.url}/store{path}", json=body, headers=headers, timeout=5)


def cart(medusa):
    return send(medusa, "POST", "/carts", {"region_id": "reg_europe"}).json()["cart"]["id"]


@pytest.mark.parametrize("key, text", [(None, "Publishable API key required"), ("pk_none", "A valid publishable key is required")])
def test_no_request_passes_without_a_key(medusa, key, text):
    answer = send(medusa, "GET", "/regions", key=key)
    assert answer.status_code == 400 and answer.json()["type"] == "not_allowed" and text in answer.json()["message"]


@pytest.mark.parametrize(
    "method, path, body, text",
    [
        ("POST", "/carts", {"region": "reg_europe"}, "Unrecognized fields: 'region'"),
        ("POST", "/carts", {"region_id": 5}, "Expected type: 'string' for field 'region_id', got: 'number'"),
        ("POST", "/carts/{cart}", {"email": "ada"}, "Invalid email"),
        ("POST", "/carts/{cart}", {"shipping_address": {"street": "x"}}, "Unrecognized fields: 'street'"),
        ("POST", "/carts/{cart}", {"shipping_address": {"country_code": "us"}}, "Country with code us is not within region Europe"),
        ("POST", "/carts/{cart}/line-items", {"variant_id": "v", "quantity": "1"}, "Expected type: 'number'"),
        ("POST", "/carts/{cart}/line-items", {"variant_id": "v", "quantity": 0}, "too small"),
        ("POST", "/carts/{cart}/line-items", {"quantity": 1}, "Field 'variant_id' is required"),
        ("POST", "/carts/{cart}/shipping-methods", {"option": "so"}, "Unrecognized fields: 'option'"),
        ("POST", "/carts/{cart}/complete", None, "Payment sessions are required to complete cart"),
        ("POST", "/payment-collections", {}, "Field 'cart_id' is required"),
        ("GET", "/products?fields=*variants.calculated_price", None, "not found when populating the pricing context"),
        ("GET", "/products?page=2", None, "Unrecognized fields: 'page'"),
        ("GET", "/shipping-options", None, "Field 'cart_id' is required"),
    ],
)
def test_what_medusa_refuses_is_refused(medusa, method, path, body, text):
    answer = send(medusa, method, path.format(cart=cart(medusa)), body)
    assert answer.status_code == 400 and text in answer.json()["message"], answer.text


def test_unknown_paths_and_carts_are_not_found(medusa):
    assert send(medusa, "GET", "/wishes").status_code == 404
    assert send(medusa, "GET", "/carts/cart_none").json() == {"type": "not_found", "message": "Cart with id 'cart_none' not found"}
