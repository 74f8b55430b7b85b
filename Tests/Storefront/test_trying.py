"""scripts/try-medusa: buys where it can, and says why where it cannot."""

import pathlib

from conftest import run_script
from medusa_shop import KEY

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "try-medusa"


def test_it_buys_through_the_address_of_the_shop(medusa, site):
    outcome = run_script(SCRIPT, site.url)
    assert outcome.returncode == 0, outcome.stderr
    steps = [line.split()[0] for line in outcome.stdout.splitlines()]
    assert steps == ["region", "product", "cart", "item", "address", "delivery", "payment", "order"]
    [order] = medusa.carts.orders.values()
    assert order["id"] in outcome.stdout and order["payment_collection"]["payment_sessions"][0]["provider_id"] == "pp_system_default"


def test_it_buys_what_it_is_told_to_from_the_backend_alone(medusa):
    outcome = run_script(SCRIPT, medusa.url, "--publishable-key", KEY, "--country", "FR", "--product", "morning-tea")
    assert outcome.returncode == 0, outcome.stderr
    [order] = medusa.carts.orders.values()
    assert order["items"][0]["product_handle"] == "morning-tea" and order["shipping_address"]["country_code"] == "fr"


def refused(*arguments):
    outcome = run_script(SCRIPT, *arguments)
    assert outcome.returncode == 1 and "Traceback" not in outcome.stderr
    return outcome.stderr


def test_it_says_why_a_shop_does_not_sell(medusa, site):
    assert "A valid publishable key is required" in refused(site.url, "--publishable-key", "pk_" + "0" * 64)
    assert "no region sells to us" in refused(site.url, "--country", "us")
    assert "has a price in eur and stock" in refused(site.url, "--product", "sold-out-long-ago")
    medusa.shop.shipping = []
    assert "no way of delivery to de" in refused(site.url)
    medusa.shop.regions[0]["payment_providers"] = []
    medusa.shop.shipping = [("so_standard", "Standard", {"eur": 4.5})]
    assert "does not offer the payment pp_system_default" in refused(site.url)
    medusa.shop.products = []
    assert "the store has no published product" in refused(site.url)
    medusa.is_down = True
    assert "503" in refused(site.url)
    assert "was not answered" in refused("http://127.0.0.1:1", "--publishable-key", KEY)
    assert "gives no publishable key" in refused(site.url + "/cart?")
    assert medusa.carts.orders == {}
