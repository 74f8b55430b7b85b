"""Shopping in a real browser: through an Ingress, the image's own nginx, and a Medusa that takes nothing on trust."""

import re

import pytest
from conftest import NAME
from medusa_shop import Shop, product
from playwright.sync_api import expect
from visitor import choose_delivery, expect_refusals, give_address, open_product, order, put_in_cart


def test_a_visitor_browses_fills_a_cart_and_orders(page, medusa):
    page.goto("/")
    expect(page).to_have_title(NAME)
    expect(page.get_by_role("link", name=re.compile("Stoneware teapot"))).to_contain_text("€48.50")
    expect(page.get_by_role("link", name=re.compile("Morning tea"))).to_contain_text("from €9.90")
    open_product(page, "Stoneware teapot")
    expect(page).to_have_title(f"Stoneware teapot – {NAME}")
    page.get_by_role("radio", name="Clay").check()
    expect(page.get_by_text("Only 2 left")).to_be_visible()
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_role("button", name="One more")).to_be_disabled()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Cart, 2 items").click()
    expect(page.get_by_text("€97.00").first).to_be_visible()
    page.get_by_role("link", name="Check out").click()
    give_address(page)
    choose_delivery(page, "Express")
    expect(page.get_by_text("Linienstr. 40")).to_be_visible()
    # (97 + 12) and Germany's 19 %
    page.get_by_role("button", name="Order for €129.71").click()
    page.get_by_role("heading", name="Thank you for your order").wait_for()
    expect(page.get_by_text("Express")).to_be_visible()
    assert [placed["email"] for placed in medusa.carts.orders.values()] == ["ada@example.com"]
    page.reload()
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()
    expect(page.get_by_role("link", name="Cart, 0 items")).to_be_visible()


def test_a_reload_loses_nothing_wherever_it_happens(page, medusa):
    put_in_cart(page, "Everyday mug")
    page.reload()
    expect(page.get_by_role("link", name="Cart, one item")).to_be_visible()
    page.goto("/checkout")
    give_address(page)
    page.get_by_role("radio", name=re.compile("Standard")).wait_for()
    page.reload()
    choose_delivery(page)
    page.get_by_role("button", name=re.compile("^Order for")).wait_for()
    page.reload()
    page.get_by_role("button", name="Address (change)").click()
    expect(page.get_by_label("Town or city")).to_have_value("Berlin")
    page.get_by_label("Town or city").fill("Potsdam")
    page.get_by_role("button", name="To the delivery").click()
    expect(page.get_by_text("Potsdam")).to_be_visible()
    order(page)
    assert len(medusa.carts.orders) == 1


def test_the_cart_can_be_changed(page, medusa):
    put_in_cart(page, "Everyday mug")
    put_in_cart(page, "Morning tea")
    page.goto("/cart")
    mug = page.get_by_role("listitem").filter(has_text="Everyday mug")
    mug.get_by_role("button", name="One more").click()
    expect(page.get_by_role("link", name="Cart, 3 items")).to_be_visible()
    page.get_by_role("button", name="Remove Morning tea").click()
    expect(page.get_by_role("listitem").filter(has_text="Morning tea")).to_have_count(0)
    mug.get_by_role("spinbutton").fill("")
    mug.get_by_role("spinbutton").press_sequentially("12")
    mug.get_by_role("spinbutton").press("Enter")
    expect(page.get_by_role("link", name="Cart, 12 items")).to_be_visible()
    changes = [path for method, path in medusa.seen if method == "POST" and "/line-items/" in path]
    assert len(changes) == 2, "one for the button and one for the number, not one for each digit"
    mug.get_by_role("spinbutton").fill("50")
    page.keyboard.press("Tab")
    expect(mug.get_by_role("alert")).to_contain_text("not so many left")
    page.get_by_role("button", name="Remove Everyday mug").click()
    expect(page.get_by_role("heading", name="Your cart is empty")).to_be_visible()
    expect_refusals(page, 400)


def test_what_is_wrong_in_the_address_is_said_at_its_field(page, medusa):
    put_in_cart(page, "Everyday mug")
    page.goto("/checkout")
    page.get_by_role("button", name="To the delivery").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_accessible_description("Enter an e-mail address: the confirmation goes there.")
    expect(page.get_by_label("Country")).to_have_accessible_description("Choose a country.")
    page.get_by_label("E-mail").fill("ada@example")
    expect(page.get_by_text("One looks like name@example.com.")).to_be_visible()
    assert not any("shipping" in path for _, path in medusa.seen)
    give_address(page, "France")
    expect(page.get_by_role("radio", name=re.compile("Standard"))).to_be_checked()


def test_what_is_sold_out_cannot_be_bought(page, medusa):
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("Sold out long ago"))).to_contain_text("Out of stock")
    open_product(page, "Sold out long ago")
    expect(page.get_by_text("Out of stock")).to_be_visible()
    expect(page.get_by_role("button", name="Add to cart")).to_have_count(0)
    open_product(page, "Stoneware teapot")
    page.get_by_role("radio", name="Moss").check()
    expect(page.get_by_role("button", name="Add to cart")).to_have_count(0)


def test_the_last_one_goes_to_whoever_orders_first(page, medusa):
    put_in_cart(page, "Last of its kind")
    page.goto("/checkout")
    give_address(page)
    choose_delivery(page)
    medusa.shop.products[3]["variants"][0]["inventory_quantity"] = 0
    page.get_by_role("button", name=re.compile("^Order for")).click()
    expect(page.get_by_role("alert")).to_contain_text("has been sold meanwhile")
    assert medusa.carts.orders == {}
    page.get_by_role("alert").get_by_role("link", name="Change the cart").click()
    page.get_by_role("button", name="Remove Last of its kind").click()
    expect_refusals(page, 400)


def test_a_shop_that_does_not_answer_is_said_and_can_be_tried_again(page, medusa):
    medusa.is_down = True
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("wait a moment and try again")
    medusa.is_down = False
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("link", name=re.compile("Everyday mug")).click()
    page.get_by_role("button", name="Add to cart").wait_for()
    medusa.is_down = True
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is lost")
    medusa.is_down = False
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="Cart, one item")).to_be_visible()
    expect_refusals(page, 503)


def test_an_outage_in_the_middle_of_an_order_makes_no_second_one(page, medusa):
    put_in_cart(page, "Everyday mug")
    page.goto("/checkout")
    give_address(page)
    choose_delivery(page)
    page.get_by_role("button", name=re.compile("^Order for")).wait_for()
    medusa.is_down = True
    page.get_by_role("button", name=re.compile("^Order for")).click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is lost")
    medusa.is_down = False
    order(page)
    assert len(medusa.carts.orders) == 1
    expect_refusals(page, 503)


def test_empty_shelves_are_said(page, medusa):
    medusa.shop.products = []
    page.goto("/")
    expect(page.get_by_role("heading", name="The shelves are still empty")).to_be_visible()


@pytest.mark.parametrize("what", ["completed", "expired"])
def test_a_cart_that_is_no_more_gives_way_to_a_new_one(page, medusa, what):
    put_in_cart(page, "Everyday mug")
    [cart] = medusa.carts.carts.values()
    if what == "completed":
        cart["completed_at"] = cart["created_at"]
    else:
        medusa.carts.carts.clear()
    # The page does not know yet.
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("status").filter(has_text="this is a new one")).to_be_visible()
    expect(page.get_by_role("link", name="Cart, one item")).to_be_visible()
    [*_, fresh] = medusa.carts.carts.values()
    if what == "completed":
        fresh["completed_at"] = fresh["created_at"]
    else:
        medusa.carts.carts.clear()
    page.goto("/cart")
    expect(page.get_by_role("heading", name="Your cart is empty")).to_be_visible()
    expect_refusals(page, 400, 404)


def test_two_regions_have_two_currencies(page, medusa):
    medusa.reset(Shop.sample(regions=2))
    put_in_cart(page, "Morning tea")
    page.get_by_label("Deliver to").select_option("Japan (JPY)")
    expect(page.get_by_text("¥1,500")).to_be_visible()
    page.goto("/cart")
    expect(page.get_by_text("JP¥1,500").first).to_be_visible()
    page.goto("/checkout")
    expect(page.get_by_label("Country")).to_have_value("jp")
    page.goto("/products/only-in-europe")
    expect(page.get_by_text("Not for sale in this region")).to_be_visible()
    expect(page.get_by_role("button", name="Add to cart")).to_have_count(0)
    page.evaluate("localStorage.removeItem('storefront.cart')")
    page.reload()
    expect(page.get_by_label("Deliver to")).to_have_value("reg_japan")
    expect_refusals(page, 404)


def test_a_cart_stays_where_its_goods_are_sold(page, medusa):
    medusa.reset(Shop.sample(regions=2))
    put_in_cart(page, "Only in Europe")
    page.get_by_label("Deliver to").select_option("Japan (JPY)")
    expect(page.get_by_role("status").filter(has_text="The region could not be changed")).to_be_visible()
    expect(page.get_by_label("Deliver to")).to_have_value("reg_europe")
    expect_refusals(page, 400)


def test_a_long_catalogue_has_pages(page, medusa):
    medusa.shop.products = [product(f"Thing {number}", {"eur": number}) for number in range(1, 31)]
    page.goto("/")
    expect(page.get_by_text("Page 1 of 3")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name=re.compile("Thing 13"))).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Page 1 of 3")).to_be_visible()
    page.goto("/?page=9")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_addresses_that_lead_nowhere_say_so(page, medusa):
    nowhere = {"/nowhere": "There is nothing here", "/products/none": "There is no such product", "/orders/order_1": "There is no such order"}
    for path, heading in nowhere.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect_refusals(page, 404, 400)


def test_a_picture_that_is_gone_gives_way_to_a_drawing(page, medusa):
    medusa.shop.products[1]["thumbnail"] = "/samples/none.svg"
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("Everyday mug")).locator("svg")).to_be_visible()
    expect_refusals(page, 404)
