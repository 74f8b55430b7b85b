"""The API as a client meets it: what it answers, and what it says to what it cannot take."""

import base64
import concurrent.futures
import json

import pytest
import requests

from platform_under_test import TOKEN, Platform


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def store(platform):
    store = platform.create("Blue Teapots")
    return platform.wait_for_phase(store["id"], "ready")


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["code"] == code and document["status"] == status
    assert document["requestId"] == answer.headers["X-Request-Id"]
    assert len(document["detail"]) > 10 and document["detail"].endswith((".", "»."))
    return document


def post(platform, body, **headers):
    headers = {"Content-Type": "application/json", **headers}
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return platform.session.post(f"{platform.url}/api/v1/stores", data=data, headers=headers, timeout=20)


ORDER = {"name": "Red Teapots", "engine": "woocommerce"}

MALFORMED = {
    "empty": b"", "null": b"null", "array": b"[]", "byte order mark": b"\xef\xbb\xbf{}", "invalid UTF-8": b'{"name":"\xff"}',
    "lone surrogate": rb'{"name":"\ud800"}', "NUL": rb'{"name":"a\u0000b"}', "repeated key": b'{"name":"a","name":"b"}',
    "deep": b"[" * 10_000, "huge number": b'{"name":1e400}', "2^63": b'{"name":9223372036854775808}', "truncated": b'{"name":"a"',
    "trailing": b'{"name":"a"} x',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_json_is_400(platform, body):
    problem(post(platform, body), 400, "malformed_json")


def test_a_large_body_is_413_and_another_type_415(platform):
    problem(post(platform, b'{"name":"' + b"a" * 257 * 1024 + b'"}'), 413, "body_too_large")
    answer = platform.session.post(f"{platform.url}/api/v1/stores", data="name=a", timeout=10)
    problem(answer, 415, "unsupported_media_type")


INVALID = {
    "nothing": {}, "number as name": {"name": 1, "engine": "woocommerce"}, "unknown engine": {"name": "A", "engine": "shopify"},
    "unknown plan": {**ORDER, "plan": "huge"}, "account": {**ORDER, "account": "other"}, "phase": {**ORDER, "phase": "ready"},
    "namespace": {**ORDER, "namespace": "kube-system"}, "empty name": {"name": " ", "engine": "woocommerce"},
    "long name": {"name": "a" * 64, "engine": "woocommerce"}, "zero width": {"name": "a\u200bb", "engine": "woocommerce"},
    "right to left": {"name": "a\u202eb", "engine": "woocommerce"}, "line break": {"name": "a\r\nb", "engine": "woocommerce"},
    **{f"slug {slug!r}": {**ORDER, "slug": slug}
       for slug in ["", "-a", "a-", "Upper", "а", "xn--bcher-kva", "www", "api", "dashboard", "kube-system", "true", "null", "1e3", "a.b",
                    "{{7*7}}", "'; DROP TABLE stores; --", "=HYPERLINK()", "a" * 41]},
}


@pytest.mark.parametrize("order", INVALID.values(), ids=INVALID.keys())
def test_an_order_that_cannot_be_is_422_and_names_the_field(platform, order):
    document = problem(post(platform, order), 422, "invalid_request")
    assert document["errors"] and all(error["field"] and error["message"] for error in document["errors"])


@pytest.mark.parametrize("name", ["<b>Tea</b>", "=HYPERLINK(\"x\")", "{{7*7}}", "Robert'); DROP TABLE stores;--", "Ünï ☕ cödé"])
def test_a_name_is_text_and_nothing_else(platform, name):
    answer = post(platform, {"name": name, "engine": "woocommerce", "slug": f"text-{abs(hash(name))}"[:20].lower()})
    assert answer.status_code == 202
    assert platform.store(answer.json()["id"])["name"] == name


def test_an_address_is_taken_once(platform, store):
    document = problem(post(platform, {"name": "Blue Teapots", "engine": "woocommerce"}), 409, "address_taken")
    assert document["store"] == store["id"]


def test_an_idempotency_key_has_one_effect(platform):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(platform, {"name": "Key", "engine": "woocommerce"}, **{"Idempotency-Key": "k1"}), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    problem(post(platform, {"name": "Other", "engine": "woocommerce"}, **{"Idempotency-Key": "k1"}), 422, "idempotency_key_reused")
    problem(post(platform, {"name": "Long", "engine": "woocommerce"}, **{"Idempotency-Key": "k" * 256}), 422, "invalid_request")


@pytest.mark.parametrize("query", ["limit=-1", "limit=0", "limit=1e9", "limit=NaN", "limit=９", "limit=201", "limit=1&limit=2",
                                   "cursor=garbage", "cursor=1-abcdefghijkl%00", "phase=gone", "colour=blue", "limit=%zz"])
def test_a_query_that_cannot_be_read_is_400(platform, query):
    answer = platform.session.get(f"{platform.url}/api/v1/stores?{query}", timeout=10)
    assert answer.status_code == 400 and answer.json()["code"] in (
        "invalid_parameter", "repeated_parameter", "invalid_cursor", "unknown_parameter", "malformed_query")


@pytest.mark.parametrize("query", ["stores?q=%00", "stores?engine=a%00", "stores?account=%00b", "accounts?cursor=%00", "tokens?account=%00", "events?cursor=%00",
                                   *(f"audit{ending}?{name}=%00" for ending in ("", ".csv") for name in ("actor", "account", "action", "target", "result"))])
def test_a_nul_in_a_query_is_400(platform, query):
    problem(platform.session.get(f"{platform.url}/api/v1/{query}", timeout=10), 400, "malformed_query")


@pytest.mark.parametrize("path", ["/api/v1/stores/%00", "/api/v1/stores/%2e%2e%2fetc", "/api/v1/stores/%252e", "/api/v1//stores", "/api/v1/stores/%c0%af",
                                  "/api/v1/stores/abcdefghijkl", "/api/v1/stores/short", "/api/v2/stores"])
def test_what_is_not_there_is_404(platform, path):
    request = requests.Request("GET", platform.url, headers=platform.session.headers).prepare()
    request.url = platform.url + path  # as it stands, without the client's own normalisation
    answer = platform.session.send(request, timeout=10)
    assert answer.status_code == 404 and answer.json()["code"] in ("not_found", "store_not_found")


CALLERS = {
    "none": {}, "basic": {"Authorization": "Basic abc"}, "wrong": {"Authorization": "Bearer " + "x" * 40}, "empty": {"Authorization": "Bearer "},
    "spaces": {"Authorization": f"Bearer {TOKEN} x"}, "long": {"Authorization": "Bearer " + "x" * 1000},
    "forwarded": {"X-Forwarded-User": "admin", "X-Forwarded-For": "127.0.0.1"},
}


@pytest.mark.parametrize("headers", CALLERS.values(), ids=CALLERS.keys())
@pytest.mark.parametrize("method, path", [("GET", "/stores"), ("POST", "/stores"), ("GET", "/me"), ("GET", "/events"), ("DELETE", "/stores/abcdefghijkm")])
def test_without_a_token_everything_is_401(platform, headers, method, path):
    answer = requests.request(method, f"{platform.url}/api/v1{path}", headers=headers, timeout=10)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_in_the_query_is_none_and_is_not_logged(platform):
    answer = requests.get(f"{platform.url}/api/v1/stores?access_token={TOKEN}", timeout=10)
    assert answer.status_code == 401
    assert TOKEN not in platform.service.log.read_text()


def test_a_store_says_what_it_is_and_a_stale_change_is_412(platform, store):
    url = f"{platform.url}/api/v1/stores/{store['id']}"
    answer = platform.session.get(url, timeout=10)
    assert set(answer.json()) == {"id", "name", "slug", "engine", "plan", "account", "country", "currency", "catalogue", "phase", "reason", "message", "url", "createdAt", "readyAt",
                                  "updatedAt", "version"}
    tag = answer.headers["ETag"]
    problem(platform.session.patch(url, json={"name": "New"}, headers={"If-Match": '"999"'}, timeout=10), 412, "stale_version")
    problem(platform.session.patch(url, json={"name": "New"}, headers={"If-Match": "garbage"}, timeout=10), 400, "invalid_if_match")
    renamed = platform.session.patch(url, json={"name": "Blue Teapots & Sons"}, headers={"If-Match": tag}, timeout=10)
    assert renamed.status_code == 200 and renamed.json()["name"] == "Blue Teapots & Sons"
    problem(platform.session.post(f"{url}/retry", timeout=10), 409, "wrong_phase")


def test_the_shop_answers_at_its_address(platform, store):
    host = store["url"].split("//")[1]
    answer = requests.get(f"http://127.0.0.1:{platform.ingress_port}/", headers={"Host": host}, timeout=10)
    assert answer.status_code == 200 and "simulated shop" in answer.text
    assert requests.get(f"http://127.0.0.1:{platform.ingress_port}/", headers={"Host": "nobody.example"}, timeout=10).status_code == 404


def test_events_can_be_paged_and_followed_from_any_place(platform, store):
    url = f"{platform.url}/api/v1/stores/{store['id']}/events"
    pages, cursor = [], None
    while True:
        page = platform.session.get(url, params={"limit": 7, **({"cursor": cursor} if cursor else {})}, timeout=10).json()
        pages += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [event["seq"] for event in pages] == list(range(1, len(pages) + 1))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "3"}
    with platform.session.get(url, headers=headers, stream=True, timeout=10) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        ids = []
        for line in stream.iter_lines(decode_unicode=True):
            if line.startswith("id: "):
                ids.append(int(line[4:]))
            if ids and ids[-1] == pages[-1]["seq"]:
                break
    assert ids == list(range(4, len(pages) + 1))
    problem(platform.session.get(url, headers={"Last-Event-ID": "x"}, timeout=10), 400, "invalid_cursor")


def test_deleting_twice_is_deleting_once(platform):
    store = platform.create("Twice")
    url = f"{platform.url}/api/v1/stores/{store['id']}"
    assert [platform.session.delete(url, timeout=10).status_code for _ in range(2)] == [202, 202]
    platform.wait_for_phase(store["id"], "deleted")
    assert platform.session.delete(url, timeout=10).json()["phase"] == "deleted"
    kinds = [event["type"] for event in platform.events(store["id"])]
    assert kinds.count("deletion_requested") == 1


def test_secrets_are_nowhere_but_in_the_cluster(platform, store):

    data = platform.cluster(f"/api/v1/namespaces/store-{store['id']}/secrets/credentials").json()["data"]
    seen = platform.service.log.read_text() + json.dumps(platform.events(store["id"])) + json.dumps(platform.store(store["id"]))
    seen += json.dumps(platform.session.get(f"{platform.url}/api/v1/stores/{store['id']}/resources", timeout=10).json())
    seen += str(platform.postgres.query("SELECT * FROM audit_log")) + str(platform.postgres.query("SELECT * FROM stores"))
    for encoded in data.values():
        assert encoded not in seen and base64.b64decode(encoded).decode() not in seen
    assert TOKEN not in seen


def test_without_the_database_requests_are_503_at_once_and_well_again_after(platform):
    with Platform() as other:
        other.postgres._script('postgres_stop "$1/data" immediate')
        answer = other.session.get(f"{other.url}/api/v1/stores", timeout=3)
        problem(answer, 503, "database_unavailable")
        assert requests.get(f"{other.url}/livez", timeout=2).status_code == 200
        assert requests.get(f"{other.url}/readyz", timeout=2).status_code == 503
        other.postgres._script('postgres_start "$1/data" "$2" fsync=off')
        store = other.create("After the outage")
        other.wait_for_phase(store["id"], "ready")
