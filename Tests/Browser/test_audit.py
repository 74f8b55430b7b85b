"""The audit log in a real browser."""

import csv
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from platform_under_test import TOKEN


@pytest.fixture
def audit(signed_in):
    signed_in.get_by_role("link", name="Audit", exact=True).click()
    signed_in.get_by_role("heading", name="Audit", exact=True).wait_for()
    return signed_in


def search(page, **values):
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Search").click()


def test_who_did_what_is_found_and_taken_away(audit, platform, tmp_path):
    page = audit
    store = platform.create("Watched teapots")
    platform.session.patch(f"{platform.url}/api/v1/stores/{store['id']}", json={"name": "Renamed teapots"}, timeout=10)
    platform.session.post(f"{platform.url}/api/v1/stores", json={"name": "Other", "slug": "watched-teapots", "engine": "woocommerce"}, timeout=10)
    search(page, Target=store["id"])
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("store.rename")
    expect(rows.first).to_contain_text("name: Watched teapots → Renamed teapots")
    expect(rows.nth(1)).to_contain_text("administrator")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(newline="") as file:
        assert [row["action"] for row in csv.DictReader(file)] == ["store.rename", "store.create"]
    search(page, Target="watched-teapots", Result="address_taken")
    expect(rows).to_have_count(1)
    expect(rows.first.locator(".refused")).to_have_text("address_taken")


def test_nothing_found_and_nothing_reached_are_said(audit, platform):
    page = audit
    search(page, Actor="nobody has this name")
    expect(page.get_by_role("heading", name="No record fits")).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_be_disabled()
    page.route("**/api/v1/audit?*", lambda route: route.abort())
    search(page, Actor="somebody else")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/api/v1/audit?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.expected = [text for text in page.complaints if "ERR_FAILED" in text]


def test_more_records_are_loaded_behind_those_that_are_there(audit, platform):
    page = audit
    platform.postgres.query("INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)"
                            " SELECT 'many', 'admin', 'default', '::1', 'm' || i, 'store.create', '<b>t</b>', 'ok' FROM generate_series(1, 70) i")
    search(page, Actor="many")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator("tbody tr").first).to_contain_text("<b>t</b>")
    page.get_by_role("button", name="Load more").click()
    expect(page.locator("tbody tr")).to_have_count(70)
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)


@pytest.mark.parametrize("width", [1200, 360])
def test_everybody_can_use_it(browser, platform, width):
    platform.create(f"Seen at {width}")
    context = browser.new_context(base_url=platform.url, viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto("/audit")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.locator("tbody tr").first.wait_for()
    serious = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert serious == [], [(fault["id"], fault["nodes"][0]["html"]) for fault in serious]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert re.search(r"/audit$", page.url)
    context.close()
