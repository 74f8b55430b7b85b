"""The dashboard's session: a cookie, and nothing that a script could take away."""

from playwright.sync_api import expect

from platform_under_test import TOKEN, Platform


def test_no_script_can_read_who_is_signed_in_and_other_tabs_are_too(signed_in, context):
    assert signed_in.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie") == '{"store-platform.signed-in":"yes"}'
    cookie, = context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and TOKEN not in str(cookie)
    tab = context.new_page()
    tab.goto("/")
    expect(tab.get_by_role("heading", name="Stores", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_label("Token")).to_be_visible()
    assert context.cookies() == []


def test_who_may_only_look_is_offered_nothing_else(page, platform):
    store = platform.wait_for_phase(platform.create("Looked at")["id"], "ready")
    viewer = platform.session.post(f"{platform.url}/api/v1/tokens", json={"account": "default", "role": "viewer", "name": "Onlooker"}, timeout=10).json()
    page.goto("/")
    page.get_by_label("Token").fill(viewer["token"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Stores", exact=True).wait_for()
    expect(page.get_by_role("button", name="New store")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(f"/stores/{store['id']}")
    page.get_by_role("heading", name="Looked at").wait_for()
    for name in ("Rename", "Delete", "Login …"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_behind_a_proxy_a_lapsed_session_is_opened_again(browser, dashboard):
    settings = {"STORE_PLATFORM_TRUSTED_PROXIES": "127.0.0.1", "STORE_PLATFORM_PROXY_ROLES": "shops=merchant"}
    with Platform(pod_delay=400, web=dashboard, environment=settings) as platform:
        context = browser.new_context(base_url=platform.url, extra_http_headers={"X-Forwarded-User": "ada@example.com", "X-Forwarded-Groups": "shops"})
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name="My organisation signs me in").click()
        page.get_by_role("button", name="New store").wait_for()
        context.clear_cookies()
        page.reload()
        page.get_by_role("button", name="New store").click()
        page.get_by_label("Name", exact=True).fill("Made after all")
        page.get_by_role("button", name="Create store").click()
        page.get_by_role("heading", name="Made after all").wait_for()
        context.close()
