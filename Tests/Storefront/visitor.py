"""What a visitor does, in the words of the page."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ADDRESS = {
    "E-mail": "ada@example.com",
    "First name": "Ada",
    "Last name": "Lovelace",
    "Street and house number": "Linienstr. 40",
    "Postal code": "10119",
    "Town or city": "Berlin",
}


def open_product(page, title):
    page.goto("/")
    page.get_by_role("link", name=re.compile(title)).click()
    page.get_by_role("heading", name=title, level=1).wait_for()


def put_in_cart(page, title):
    open_product(page, title)
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("status").filter(has_text="is in your cart")).to_be_visible()


def give_address(page, country="Germany"):
    for label, value in ADDRESS.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Country").select_option(country)
    page.get_by_role("button", name="To the delivery").click()


def choose_delivery(page, name="Standard"):
    page.get_by_role("radio", name=re.compile(name)).check()
    page.get_by_role("button", name="To the payment").click()


def order(page):
    page.get_by_role("button", name=re.compile("^Order for")).click()
    page.get_by_role("heading", name="Thank you for your order").wait_for()


def expect_refusals(page, *statuses):
    """The browser itself logs a refused request as an error."""
    page.expected = [text for text in page.complaints if any(f"status of {status}" in text for status in statuses)]


def check_for_everybody(page, where):
    faults = Axe().run(page).response["violations"]
    assert faults == [], f"{where}: {[(fault['id'], fault['nodes'][0]['html']) for fault in faults]}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"
