import json
import pathlib
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from ingress import Site  # noqa: E402
from medusa_server import Medusa, Shop  # noqa: E402
from medusa_shop import KEY  # noqa: E402

NAME = "Clay & Leaf"


@pytest.fixture(scope="session")
def server():
    medusa = Medusa()
    yield medusa
    medusa.stop()


@pytest.fixture
def medusa(server):
    """A fresh shop for each test: its products, no carts, no orders."""
    server.reset(Shop.sample())
    return server


@pytest.fixture(scope="session")
def site(server):
    site = Site(server.url, json.dumps({"storeName": NAME, "backendUrl": ""}), KEY + "\n")
    yield site
    site.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield browser
        browser.close()


@pytest.fixture
def context(browser, site):
    context = browser.new_context(base_url=site.url, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context, medusa):
    """A page that fails its test when the console or the security policy complains."""
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.complaints = complaints
    yield page
    assert [text for text in complaints if text not in getattr(page, "expected", [])] == []


def run_script(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, timeout=60)
