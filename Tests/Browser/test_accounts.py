"""Accounts and their tokens in a real browser."""

import re
import time
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from callers import Client, issue, open_account
from platform_under_test import TOKEN, wait_until

CHANGES = ("New account", "Change", "Close account", "New token", "Revoke", "Revoke token")


def unique(prefix):
    return f"{prefix} {uuid.uuid4().hex[:8]}"


def refused(page, *statuses):
    """The browser itself logs a refused request as an error."""
    page.expected = [text for text in page.complaints if any(f"status of {status}" in text for status in statuses)]


def fault(page, label):
    return page.get_by_role("dialog").locator(".field", has=page.get_by_label(label, exact=True)).locator("small.fault")


def use(scope, measure):
    return scope.locator(f"[data-measure='{measure}'] dd")


def shown(platform, path):
    return platform.session.get(f"{platform.url}/api/v1/{path}", timeout=10).json()


@pytest.fixture
def account(platform):
    return open_account(platform, unique("Teapots"), stores=3, cpu="2")


def test_an_account_is_opened_changed_and_closed(signed_in, platform):
    page, name = signed_in, unique("Blue Teapots")
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("button", name="New account").click()
    expect(page.get_by_label("Stores")).to_have_value("5")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Stores").fill("2")
    page.get_by_label("CPU").fill("500m")
    page.get_by_label("Memory").fill("4")
    page.get_by_label("Storage").fill("")
    page.get_by_role("button", name="Open account").click()
    page.get_by_role("heading", name=name).wait_for()
    account = page.url.rsplit("/", 1)[1]
    assert shown(platform, f"accounts/{account}")["quota"] == {"stores": 2, "cpu": "500m", "memory": "4Gi", "storage": None}
    expect(use(page, "storage")).to_have_text("0 without limit")

    page.get_by_role("button", name="Change").click()
    page.get_by_label("Name", exact=True).fill(f"Red {name}")
    page.get_by_label("Stores").fill("1")
    page.get_by_label("Storage").fill("10Gi")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=f"Red {name}")).to_be_visible()
    expect(use(page, "storage")).to_have_text("0 of 10Gi")

    merchant = issue(platform, "merchant", account)
    store = merchant.call("POST", "/api/v1/stores", json={"name": name, "engine": "woocommerce"}).json()["id"]
    page.reload()
    for measure, text in (("stores", "1 of 1"), ("cpu", "150m of 500m"), ("memory", "256Mi of 4Gi"), ("storage", "2Gi of 10Gi")):
        expect(use(page, measure)).to_have_text(text)
    page.get_by_role("button", name="Close account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Close account").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"Living stores in the account “{account}”: 1.")
    page.keyboard.press("Escape")

    merchant.call("DELETE", f"/api/v1/stores/{store}")
    platform.wait_for_phase(store, "deleted")
    page.get_by_role("button", name="Close account").click()
    dialog.get_by_role("button", name="Close account").click()
    page.get_by_role("heading", name="Accounts").wait_for()
    expect(page.locator(f"[data-account='{account}']")).to_have_count(0)
    assert shown(platform, f"accounts/{account}")["code"] == "account_not_found"
    refused(page, 409)


def test_faults_stand_at_their_fields(sign_in, platform, account):
    page = sign_in(TOKEN, "/accounts")
    page.get_by_role("button", name="New account").click()
    for label, text in (("Id", account), ("Stores", "-1"), ("CPU", "many"), ("Memory", "4 apples"), ("Storage", "-5")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Open account").click()
    for label, words in (("Stores", "whole number"), ("CPU", "“2” or “500m”"), ("Memory", "“4Gi”"), ("Storage", "“20Gi”")):
        expect(fault(page, label)).to_contain_text(words)
        page.get_by_label(label, exact=True).fill("1")
    page.get_by_role("button", name="Open account").click()
    expect(fault(page, "Name")).to_have_text("The name is empty.")
    page.get_by_label("Name", exact=True).fill("Again")
    page.get_by_role("button", name="Open account").click()
    expect(fault(page, "Id")).to_contain_text("belongs to an account, or did")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)
    refused(page, 409, 422)


def test_a_change_of_what_somebody_else_has_changed_is_refused(sign_in, platform, account):
    page = sign_in(TOKEN, f"/accounts/{account}")
    page.get_by_role("button", name="Change").click()
    platform.session.patch(f"{platform.url}/api/v1/accounts/{account}", json={"quota": {"stores": 9}}, timeout=10)
    page.get_by_label("Stores").fill("4")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("It has changed since you read it")
    page.get_by_role("button", name="Cancel").click()
    expect(use(page, "stores")).to_have_text("0 of 9")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Stores")).to_have_value("9")
    refused(page, 412)


def everything_kept(page):
    """All that a page keeps or shows: its document, its address and history, and the browser's storage."""
    return page.content() + page.url + page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie, [...document.querySelectorAll('input')].map(input => input.value)])")


def test_a_token_is_shown_once_and_ends_within_a_second(sign_in, context, platform, account):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = sign_in(TOKEN, f"/accounts/{account}")
    expect(page.get_by_text("There is none: nobody can sign in for this account.")).to_be_visible()
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name", exact=True).fill("Ada's laptop")
    page.get_by_label("Viewer").check()
    page.get_by_role("button", name="Issue token").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("shown this once")
    copy = dialog.get_by_role("button", name="Copy the token")
    expect(copy).to_be_focused()
    copy.click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    text = dialog.locator("code").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert re.fullmatch("sp_[a-z2-9]{12}_[0-9a-f]{64}", text)
    assert text in everything_kept(page)
    dialog.get_by_role("button", name="Done").click()
    secret = text.split("_")[2]
    card = page.locator("[data-token]")
    expect(card).to_contain_text("never used")
    assert secret not in everything_kept(page)
    for move in (page.reload, page.get_by_role("link", name="← Accounts").click, page.go_back):
        move()
        assert secret not in everything_kept(page)

    holder = Client(platform.url, text)
    assert holder.call("GET", "/api/v1/me").json() == {"account": account, "role": "viewer", "name": "Ada's laptop"}
    page.goto(f"/accounts/{account}")
    expect(card).to_contain_text("last used just now")
    expect(card).to_contain_text("by administrator")
    page.get_by_role("button", name="Revoke Ada's laptop").click()
    assert holder.call("GET", "/api/v1/me").status_code == 200
    dialog.get_by_role("button", name="Revoke token").click()
    expect(card.locator(".badge")).to_have_text("revoked")
    began = time.monotonic()
    wait_until(lambda: holder.call("GET", "/api/v1/me").status_code == 401, 1, "the token to be refused")
    assert time.monotonic() - began <= 1
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)


def test_a_token_that_is_not_copied_is_gone_with_escape(sign_in, account):
    page = sign_in(TOKEN, f"/accounts/{account}")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name", exact=True).fill("Lost")
    page.keyboard.press("Enter")
    text = page.get_by_role("dialog").locator("code").inner_text()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-token]")).to_contain_text("Lost")
    assert text.split("_")[2] not in everything_kept(page)


def test_an_end_is_a_day_and_a_role_is_explained(sign_in, platform, account):
    page = sign_in(TOKEN, f"/accounts/{account}")
    page.get_by_role("button", name="New token").click()
    expect(page.get_by_role("radio")).to_have_count(5)
    expect(page.locator(".choice", has=page.get_by_label("Auditor"))).to_contain_text("Looks at everything of every account, the audit log too, and changes nothing.")
    page.get_by_label("Last day").fill("2020-01-31")
    page.get_by_role("button", name="Issue token").click()
    expect(fault(page, "Name")).to_have_text("The name is empty.")
    expect(fault(page, "Last day")).to_contain_text("must lie in the future")
    page.get_by_label("Name", exact=True).fill("Until then")
    # Half a date has no value: it must not make a token without an end.
    page.get_by_label("Last day").fill("")
    page.get_by_label("Last day").press_sequentially("12")
    page.get_by_role("button", name="Issue token").click()
    assert page.get_by_label("Last day").evaluate("input => input.validity.badInput")
    page.get_by_label("Last day").fill("2099-12-31")
    page.get_by_role("button", name="Issue token").click()
    page.get_by_role("button", name="Done").click()
    expect(page.locator("[data-token]")).to_have_count(1)
    expect(page.locator("[data-token]")).to_contain_text("2100")
    assert [token["expiresAt"] for token in shown(platform, f"tokens?account={account}")["items"]] == [page.evaluate("new Date(2100, 0, 1).toISOString()")]
    refused(page, 422)


def test_a_token_that_has_ended_says_so(sign_in, platform, account):
    issue(platform, "viewer", account, lifetime=2)
    page = sign_in(TOKEN, f"/accounts/{account}")
    expect(page.locator("[data-token] .badge")).to_have_text("expired")
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)


@pytest.mark.parametrize("role", ["merchant", "viewer"])
def test_who_belongs_to_an_account_sees_it_alone_and_changes_nothing(sign_in, platform, account, role):
    client = issue(platform, role, account)
    page = sign_in(client.token)
    expect(page.get_by_role("link", name="Stores", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)
    expect(page.get_by_role("heading", name="No stores yet")).to_be_visible()
    expect(page.get_by_role("button", name="Create a store")).to_have_count(1 if role == "merchant" else 0)
    page.get_by_role("region", name="Your account").get_by_role("link").click()
    page.wait_for_url(f"**/accounts/{account}")
    expect(use(page, "stores")).to_have_text("0 of 3")
    if role == "merchant":
        expect(page.locator(f"[data-token='{client.token_id}']")).to_be_visible()
    else:
        expect(page.get_by_text("Your role does not see the tokens of the account.")).to_be_visible()
    for name in CHANGES:
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.goto("/accounts")
    expect(page.get_by_text("Your role sees the account it belongs to, and no other.")).to_be_visible()
    expect(page.locator("[data-account]")).to_have_count(1)
    expect(page.get_by_role("button", name="New account")).to_have_count(0)
    page.goto("/accounts/default")
    expect(page.get_by_role("alert")).to_contain_text("There is no such account.")
    refused(page, 404)
    for method, path, body in (
        ("POST", "/accounts", {"name": unique("Mine")}), ("PATCH", f"/accounts/{account}", {"quota": {"stores": 99}}), ("DELETE", f"/accounts/{account}", None),
        ("POST", "/tokens", {"account": account, "role": "admin", "name": "Mine"}), ("DELETE", f"/tokens/{client.token_id}", None),
    ):
        assert client.call(method, f"/api/v1{path}", json=body).status_code == 403, path


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_who_sees_every_account_but_changes_none_is_offered_no_change(sign_in, platform, account, role):
    issue(platform, "viewer", account)
    page = sign_in(issue(platform, role).token)
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("heading", name="Accounts").wait_for()
    expect(page.locator("[data-account='default']")).to_be_visible()
    expect(page.get_by_role("button", name="New account")).to_have_count(0)
    page.goto(f"/accounts/{account}")
    expect(page.locator("[data-token]")).to_have_count(1)
    for name in CHANGES:
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_an_order_beyond_the_quota_is_told_to_the_merchant(sign_in, platform):
    account = open_account(platform, unique("Full"), stores=1)
    page = sign_in(issue(platform, "merchant", account).token)
    own = page.get_by_role("region", name="Your account")
    expect(use(own, "stores")).to_have_text("0 of 1")
    for number in (1, 2):
        page.get_by_role("button", name="New store").click()
        page.get_by_label("Name", exact=True).fill(unique("Shop"))
        page.get_by_role("button", name="Create store").click()
        if number == 1:
            page.wait_for_url("**/stores/*")
            page.get_by_role("link", name="← Stores").click()
            expect(use(own, "stores")).to_have_text("1 of 1")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        f"The account “{account}” may have 1 store and has 1. Delete a store, or ask an administrator for a larger quota.")
    refused(page, 409)


def test_names_are_text_whatever_they_hold(sign_in, platform):
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    account = open_account(platform, evil)
    answer = platform.session.post(f"{platform.url}/api/v1/tokens", json={"account": account, "role": "viewer", "name": evil}, timeout=10)
    assert answer.status_code == 201, answer.text
    page = sign_in(TOKEN, "/accounts")
    page.on("dialog", lambda dialog: page.complaints.append(f"alert: {dialog.message}"))
    page.locator(f"[data-account='{account}']").get_by_role("link", name=evil).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(evil)
    expect(page.locator("[data-token] .name")).to_have_text(evil)
    page.get_by_role("button", name=f"Revoke {evil}").click()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text(f"Revoke “{evil}”?")
    assert page.locator("img, main script, dialog script").count() == 0


def test_dialogs_keep_the_focus_and_give_it_back(sign_in, account):
    page = sign_in(TOKEN, f"/accounts/{account}")
    for name in ("Change", "Close account", "New token"):
        opener = page.get_by_role("button", name=name)
        opener.focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        for _ in range(20):
            page.keyboard.press("Tab")
            # The browser's own bar is in the circle; the page behind is not.
            assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')"), name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(opener).to_be_focused()


def test_more_are_loaded_behind_those_that_are_there(sign_in, platform, account):
    prefix = f"many-{uuid.uuid4().hex[:8]}"
    platform.postgres.query(f"INSERT INTO accounts (id, name) SELECT '{prefix}-' || i, 'Many ' || i FROM generate_series(1, 60) i")
    platform.postgres.query("INSERT INTO tokens (id, account_id, role, name, secret_sha256)"
                            f" SELECT '{prefix}' || i, '{account}', 'viewer', 'Many ' || i, sha256(i::text::bytea) FROM generate_series(1, 60) i")
    page = sign_in(TOKEN, "/accounts")
    expect(page.locator("[data-account]")).to_have_count(50)
    more = page.get_by_role("button", name="Load more")
    while more.count():
        known = page.locator("[data-account]").count()
        more.click()
        expect(page.locator("[data-account]")).not_to_have_count(known)
    expect(page.locator(f"[data-account^='{prefix}']")).to_have_count(60)
    page.goto(f"/accounts/{account}")
    expect(page.locator("[data-token]")).to_have_count(50)
    more.click()
    expect(page.locator("[data-token]")).to_have_count(60)
    # One that is revoked stays where it stands.
    last = page.locator("[data-token]").last
    last.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke token").click()
    expect(last.locator(".badge")).to_have_text("revoked")
    expect(page.locator("[data-token]")).to_have_count(60)
    platform.postgres.query(f"UPDATE accounts SET deleted_at = now() WHERE id LIKE '{prefix}%'")


def test_waiting_and_nothing_there_are_shown(sign_in, page):
    answers = []
    page.route("**/api/v1/accounts?*", lambda route: answers.append(route))
    sign_in(TOKEN, "/accounts")
    expect(page.get_by_label("Loading")).to_be_visible()
    answers.pop().fulfill(json={"items": [], "next": None})
    expect(page.get_by_role("heading", name="No accounts")).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)


@pytest.mark.parametrize("path, call", [("/accounts", "**/api/v1/accounts?*"), ("/accounts/default", "**/api/v1/accounts/default"), ("/accounts/default", "**/api/v1/tokens?*")])
def test_what_cannot_be_loaded_can_be_asked_for_again(sign_in, page, path, call):
    page.route(call, lambda route: route.abort())
    sign_in(TOKEN, path)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute(call)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".use").first).to_be_visible()
    page.expected = [text for text in page.complaints if "ERR_FAILED" in text]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_use_it(browser, platform, account, scheme, width):
    issue(platform, "viewer", account, lifetime=1)
    context = browser.new_context(base_url=platform.url, color_scheme=scheme, viewport={"width": width, "height": 800})
    context.set_default_timeout(20_000)
    page = context.new_page()

    def check(where):
        serious = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
        assert serious == [], f"{where}: {[(fault['id'], fault['nodes'][0]['html']) for fault in serious]}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"
        assert page.evaluate("[...document.querySelectorAll('dialog')].every(dialog => dialog.scrollWidth <= dialog.clientWidth)"), f"{where} is wider than its dialog"

    page.goto("/accounts")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-account]").first.wait_for()
    check("the list")
    page.get_by_role("button", name="New account").click()
    check("opening")
    page.goto(f"/accounts/{account}")
    expect(page.locator("[data-token] .badge")).to_have_text("expired")
    check("an account")
    page.get_by_role("button", name="Close account").click()
    check("closing")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New token").click()
    check("issuing")
    page.get_by_label("Name", exact=True).fill("Seen")
    page.get_by_role("button", name="Issue token").click()
    page.get_by_role("button", name="Done").wait_for()
    check("the new token")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Revoke").click()
    check("revoking")
    context.close()
