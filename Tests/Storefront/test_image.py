"""What the image's nginx answers, and how large it is."""

import gzip
import json

import pytest
import requests


def get(site, path, **options):
    return requests.get(f"http://127.0.0.1:{site.storefront}{path}", timeout=5, **options)


def test_every_answer_carries_the_security_headers(site):
    for path in ("/", "/cart", "/config.json", "/healthz", "/assets/none.js", "/samples/mug.svg"):
        headers = get(site, path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy and "unsafe" not in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["Server"] == "nginx", "the version is nobody's business"


def test_pages_fall_back_to_the_one_and_files_do_not(site):
    page = get(site, "/products/some-teapot")
    assert page.status_code == 200 and "<title>" in page.text and page.headers["Cache-Control"] == "no-cache"
    for path in ("/assets/none.js", "/samples/none.svg"):
        assert get(site, path).status_code == 404


def test_assets_are_compressed_ahead_and_kept_for_ever(site):
    script = next((site.home / "web" / "assets").glob("main-*.js"))
    answer = get(site, f"/assets/{script.name}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Vary"] == "Accept-Encoding"
    assert get(site, f"/assets/{script.name}", headers={"Accept-Encoding": "identity"}).content == script.read_bytes()


def test_settings_and_key_are_read_from_their_mounts_at_once(site):
    config = site.home / "config" / "config.json"
    before = config.read_text()
    assert get(site, "/config.json").json() == json.loads(before)
    config.write_text('{"storeName": "Renamed"}')
    assert get(site, "/config.json").json() == {"storeName": "Renamed"}
    config.write_text(before)
    key = get(site, "/publishable-key")
    assert key.text.startswith("pk_") and key.headers["Content-Type"] == "text/plain" and key.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/config.json/../key/publishable-key", "/assets/..%2f..%2fetc/passwd", "/.stamp/../../etc/passwd"])
def test_nothing_else_of_the_file_system_is_served(site, path):
    prepared = requests.Request("GET", f"http://127.0.0.1:{site.storefront}/").prepare()
    prepared.url = f"http://127.0.0.1:{site.storefront}{path}"
    answer = requests.Session().send(prepared, timeout=5)
    assert "root:" not in answer.text and (answer.status_code in (400, 404) or "<title>" in answer.text)


def test_the_whole_storefront_is_small(site):
    web = site.home / "web"
    files = [web / "index.html", web / "favicon.svg", *web.glob("assets/*.js"), *web.glob("assets/*.css")]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) < 100 * 1024
