import pathlib
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "System"))

from platform_under_test import TOKEN, Platform  # noqa: E402


@pytest.fixture(scope="session")
def dashboard():
    subprocess.run([ROOT / "web" / "build"], check=True)
    return ROOT / "web" / "dist"


@pytest.fixture(scope="session")
def platform(dashboard):
    with Platform(pod_delay=400, web=dashboard) as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield browser
        browser.close()


@pytest.fixture
def context(browser, platform):
    context = browser.new_context(base_url=platform.url)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context):
    """A page that fails its test when the console or the security policy complains."""
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.complaints = complaints
    yield page
    assert [text for text in complaints if text not in getattr(page, "expected", [])] == []


@pytest.fixture
def sign_in(page):
    """Opens a path as who has the token."""
    def open_as(token, path="/"):
        page.goto(path)
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()
        return page
    return open_as


@pytest.fixture
def signed_in(sign_in):
    page = sign_in(TOKEN)
    page.get_by_role("heading", name="Stores", exact=True).wait_for()
    return page
