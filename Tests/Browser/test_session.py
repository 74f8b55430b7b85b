"""The dashboard's session: a cookie, and nothing that a script could take away."""

from playwright.sync_api import expect

from platform_under_test import TOKEN


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
