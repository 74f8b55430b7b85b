"""Everybody can shop: axe finds nothing, in light and dark, wide and narrow; the keyboard suffices; nothing moves that must not."""

import re

import pytest
from playwright.sync_api import expect
from visitor import check_for_everybody, choose_delivery, give_address, open_product, order, put_in_cart


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_axe_has_nothing_to_say(browser, site, medusa, scheme, width):
    context = browser.new_context(base_url=site.url, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto("/")
    page.locator(".card").first.wait_for()
    check_for_everybody(page, "products")
    open_product(page, "Sold out long ago")
    check_for_everybody(page, "sold out")
    page.goto("/cart")
    check_for_everybody(page, "empty cart")
    put_in_cart(page, "Stoneware teapot")
    check_for_everybody(page, "product")
    page.goto("/cart")
    page.get_by_role("link", name="Check out").wait_for()
    check_for_everybody(page, "cart")
    page.goto("/checkout")
    page.get_by_role("button", name="To the delivery").click()
    check_for_everybody(page, "address with faults")
    give_address(page)
    page.get_by_role("radio", name=re.compile("Standard")).wait_for()
    check_for_everybody(page, "delivery")
    choose_delivery(page)
    page.get_by_role("button", name=re.compile("^Order for")).wait_for()
    check_for_everybody(page, "payment")
    order(page)
    check_for_everybody(page, "order")
    medusa.is_down = True
    page.goto("/")
    page.get_by_role("alert").wait_for()
    check_for_everybody(page, "outage")
    context.close()


def test_the_keyboard_alone_buys_something(page, medusa):
    page.goto("/")
    page.get_by_role("link", name=re.compile("Everyday mug")).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Everyday mug").wait_for()
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("button", name="Add to cart").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Cart, one item")).to_be_visible()
    expect(page.get_by_role("button", name="Add to cart")).to_be_focused()
    open_product(page, "Stoneware teapot")
    page.get_by_role("radio", name="Sea").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Clay")).to_be_checked()


def test_nothing_moves_for_those_who_asked_for_it(browser, site, medusa):
    context = browser.new_context(base_url=site.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    page.locator(".card .picture").first.wait_for()
    assert page.evaluate("getComputedStyle(document.querySelector('.card .picture')).transitionDuration") in ("0s", "")
    context.close()
