"""The dashboard in a real browser, before a real service."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from platform_under_test import TOKEN


def refused(page, status):
    """The browser itself logs a refused request as an error."""
    page.expected = [text for text in page.complaints if f"status of {status}" in text]


def create(page, name):
    page.get_by_role("button", name="New store").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create store").click()
    page.get_by_role("heading", name=name).wait_for()


def test_a_wrong_token_is_said_and_the_right_one_opens(page):
    page.goto("/")
    page.get_by_label("Token").fill("sp_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("valid token")
    refused(page, 401)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Stores", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Stores", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_store_is_made_watched_renamed_and_deleted(signed_in, platform):
    page = signed_in
    create(page, "Blue Teapots")
    expect(page.locator("header.store .badge")).to_have_text("Being made")
    expect(page.locator(".stage.done")).not_to_have_count(0)
    expect(page.locator("header.store .badge")).to_have_text("Ready")
    expect(page.locator(".stage.done")).to_have_count(8)
    expect(page.locator(".timeline li").first).to_contain_text("The shop is ready")
    expect(page.locator("a.address")).to_have_attribute("href", re.compile("^http://blue-teapots\\."))
    expect(page.get_by_role("table")).to_contain_text("StatefulSet")

    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("Red Teapots")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Red Teapots")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    confirm = page.get_by_role("button", name="Delete store")
    expect(confirm).to_be_disabled()
    page.get_by_label("Type the store's name").fill("Red Teapots")
    confirm.click()
    expect(page.locator("header.store .badge")).to_have_text("Removed")
    expect(page.locator(".timeline li").first).to_contain_text("Removed from the cluster")
    page.get_by_role("link", name="← Stores").click()
    expect(page.locator(".card", has_text="Red Teapots")).to_have_count(0)


def test_the_list_lives(signed_in, platform):
    page = signed_in
    store = platform.create("Made elsewhere")
    card = page.locator(f"[data-store={store['id']}]")
    expect(card.locator(".badge")).to_have_text("Ready")
    page.get_by_label("Search by name or address").fill("nobody has this name")
    expect(page.get_by_role("heading", name="No store fits")).to_be_visible()


def lose_the_next_answer(page):
    """The service gets the order and takes it; the browser gets the words of a proxy that has not waited."""
    def lose(route):
        assert route.fetch().status == 202
        route.fulfill(status=503, body="upstream timed out")
    page.route("**/api/v1/stores", lose, times=1)


def order_without_answer(page, name):
    page.get_by_role("button", name="New store").click()
    page.get_by_label("Name", exact=True).fill(name)
    lose_the_next_answer(page)
    page.get_by_role("button", name="Create store").click()
    expect(page.get_by_role("alert")).to_contain_text("answered 503")


def test_an_order_whose_answer_was_lost_is_found_by_sending_it_again(signed_in, platform):
    page = signed_in
    order_without_answer(page, "Lost Answer")
    refused(page, 503)
    page.get_by_role("button", name="Create store").click()
    expect(page.get_by_role("heading", name="Lost Answer")).to_be_visible()
    assert platform.postgres.query("SELECT count(*) FROM stores WHERE name = 'Lost Answer'") == [["1"]]


def test_another_order_behind_a_lost_answer_is_told_of_the_first(signed_in, platform):
    page = signed_in
    order_without_answer(page, "Taken Unseen")
    page.get_by_label("Name", exact=True).fill("Second Thought")
    page.get_by_role("button", name="Create store").click()
    expect(page.get_by_role("alert")).to_contain_text("you sent before was taken")
    page.expected = [text for text in page.complaints if "status of 503" in text or "status of 422" in text]
    page.get_by_role("button", name="Create store").click()
    expect(page.get_by_role("heading", name="Second Thought")).to_be_visible()
    assert platform.postgres.query("SELECT count(*) FROM stores WHERE name IN ('Taken Unseen', 'Second Thought')") == [["2"]]


def test_faults_stand_at_their_fields(signed_in, platform):
    page = signed_in
    platform.create("Taken already")
    page.get_by_role("button", name="New store").click()
    page.get_by_role("button", name="Create store").click()
    expect(page.locator(".field small").nth(0)).to_have_text("The name is empty.")
    page.get_by_label("Name", exact=True).fill("Taken already")
    page.get_by_role("button", name="Create store").click()
    expect(page.locator(".field small").nth(1)).to_contain_text("belongs to another store")
    page.get_by_label("Address", exact=True).fill("not taken")
    page.get_by_role("button", name="Create store").click()
    expect(page.locator(".field small").nth(1)).to_contain_text("lower-case letters")
    page.expected = [text for text in page.complaints if re.search("status of (409|422)", text)]


def test_a_store_can_be_made_with_the_keyboard_alone(signed_in):
    page = signed_in
    page.get_by_role("button", name="New store").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Keys only")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keys only")).to_be_visible()
    page.goto("/")
    page.get_by_role("button", name="New store").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_page_goes_on_after_the_connection_was_lost(signed_in, platform):
    page = signed_in
    platform.service.kill()
    expect(page.get_by_role("status").filter(has_text="Reconnecting")).to_be_visible()
    platform.start()
    expect(page.get_by_role("status").filter(has_text="Reconnecting")).to_have_count(0)
    store = platform.create("After the break")
    expect(page.locator(f"[data-store={store['id']}] .badge")).to_have_text("Ready")
    page.expected = [text for text in page.complaints if "ERR_" in text or "status of 5" in text]


def test_pages_carry_a_strict_policy_and_are_compressed(page, platform):
    answer = page.goto("/stores/whatever")
    headers = answer.headers
    assert headers["content-security-policy"].startswith("default-src 'none'") and "unsafe" not in headers["content-security-policy"]
    assert headers["content-encoding"] in ("br", "gzip") and headers["cache-control"] == "no-cache"
    script = page.request.get(page.locator("script").get_attribute("src"))
    assert "immutable" in script.headers["cache-control"] and script.headers["content-type"].startswith("text/javascript")
    assert page.request.get("/assets/none.js").status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_everybody_can_use_it(browser, platform, scheme, width):
    context = browser.new_context(base_url=platform.url, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()

    def check(where):
        serious = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
        assert serious == [], f"{where}: {[(fault['id'], fault['nodes'][0]['html']) for fault in serious]}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"

    page.goto("/")
    check("sign-in")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Stores", exact=True).wait_for()
    create(page, f"For {scheme} {width}")
    expect(page.locator("header.store .badge")).to_have_text("Ready")
    expect(page.get_by_role("table")).to_be_visible()
    check("store")
    page.get_by_role("button", name="Delete").click()
    check("deletion")
    page.goto("/")
    page.locator(".card").first.wait_for()
    check("list")
    page.get_by_role("button", name="New store").click()
    page.locator(".choice").first.wait_for()
    check("creation")
    context.close()


def test_a_shop_is_ordered_with_its_country_and_an_empty_catalogue(signed_in, platform):
    signed_in.get_by_role("button", name="New store").click()
    signed_in.get_by_label("Name", exact=True).fill("Teekannen")
    signed_in.get_by_label("Country").select_option("DE")
    expect(signed_in.get_by_label("Currency")).to_have_value("EUR")
    signed_in.get_by_label("Empty catalogue").check()
    signed_in.get_by_role("button", name="Create store").click()
    signed_in.get_by_role("heading", name="Teekannen").wait_for()
    store = platform.store(signed_in.url.rsplit("/", 1)[1])
    assert (store["country"], store["currency"], store["catalogue"]) == ("DE", "EUR", "empty")


def test_the_login_is_shown_when_it_is_asked_for(signed_in, platform):
    create(signed_in, "Signed in to")
    signed_in.get_by_role("button", name="Login …").click()
    dialog = signed_in.get_by_role("dialog")
    store_id = signed_in.url.rsplit("/", 1)[1]
    password = platform.session.post(f"{platform.url}/api/v1/stores/{store_id}/credentials", timeout=10).json()["password"]
    assert password not in signed_in.content()
    dialog.get_by_role("button", name="Show login").click()
    expect(dialog.get_by_text(password)).to_be_visible()
    assert [fault["id"] for fault in Axe().run(signed_in).response["violations"] if fault["impact"] in ("serious", "critical")] == []
    dialog.get_by_role("button", name="Done").click()
    assert password not in signed_in.content()
