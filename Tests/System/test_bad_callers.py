"""Callers who are not who they say: credentials in two or in the wrong places, and headers that somebody made up."""

import http.client
import json

import pytest
import requests
from requests.adapters import HTTPAdapter

from callers import issue
from platform_under_test import TOKEN, Platform
from test_access import ROUTES, House, unique
from test_sign_in import PROXY, Browser, order, platform, proxied  # noqa: F401  # the last two are fixtures

TRUSTED, STRANGER, OTHER_STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
SPOOFED = "spoofed.example"


class At(HTTPAdapter):
    """Calls from an address of its own."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, **options, source_address=(self.address, 0))


def call_from(address, platform, method, path, token=TOKEN, **arguments):
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **arguments.pop("headers", {})}
    with requests.Session() as session:
        session.mount("http://", At(address))
        return session.request(method, f"{platform.url}/api/v1{path}", headers=headers, timeout=10, **arguments)


def recorded(platform, answer):
    return platform.postgres.query(f"SELECT actor, remote_address, result FROM audit_log WHERE request_id = '{answer.headers['X-Request-Id']}'")


def send(platform, method, path, fields, body=b""):
    """A request with header fields as they are given, also twice."""
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=10)
    connection.putrequest(method, f"/api/v1{path}")
    for name, value in [*fields, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer, document


# Credentials.

GOOD, BAD = f"Bearer {TOKEN}", "Bearer sp_nobody_" + "0" * 64


@pytest.mark.parametrize("values", [[GOOD, BAD], [BAD, GOOD], [GOOD, ""], ["", GOOD], [GOOD, "Basic eDp5"], [f"{GOOD}, {GOOD}"], [f"{GOOD},{BAD}"], [f"{GOOD};"]],
                         ids=["good and bad", "bad and good", "good and empty", "empty and good", "good and another scheme", "twice in one", "good and bad in one", "with more"])
def test_of_two_authorizations_neither_counts(platform, values):
    fields = [("Authorization", value) for value in values]
    before = platform.postgres.query("SELECT count(*) FROM stores")
    for method, path, body in (("GET", "/me", b""), ("POST", "/stores", json.dumps(order()).encode())):
        answer, document = send(platform, method, path, fields, body)
        assert answer.status == 401 and document["code"] == "unauthenticated"
    assert platform.postgres.query("SELECT count(*) FROM stores") == before
    assert recorded(platform, answer) == [["anonymous", "127.0.0.1", "unauthenticated"]]


ELSEWHERE = {
    **{f"query {name}": {"params": {name: TOKEN}} for name in ("token", "access_token", "api_key", "key", "authorization", "bearer", "Authorization")},
    **{f"header {name}": {"headers": {name: TOKEN}} for name in ("X-Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Authorization", "Token")},
    "cookie": {"cookies": {"token": TOKEN, "store-platform": TOKEN}}, "password": {"auth": ("administrator", TOKEN)}, "body": {"json": {"token": TOKEN}},
    "query as a scheme": {"params": {"Authorization": GOOD}}, "another scheme": {"headers": {"Authorization": f"Token {TOKEN}"}}, "no scheme": {"headers": {"Authorization": TOKEN}},
}


@pytest.mark.parametrize("arguments", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_token_in_any_other_place_is_none_and_is_told_nobody(platform, arguments):
    for method, path, accept in (("GET", "/stores", "*/*"), ("GET", "/events", "text/event-stream"), ("DELETE", "/accounts/default", "*/*"), ("POST", "/session", "*/*")):
        headers = {"Accept": accept, **arguments.get("headers", {})}
        answer = requests.request(method, f"{platform.url}/api/v1{path}", timeout=10, **{**arguments, "headers": headers})
        assert answer.status_code == 401 and TOKEN not in answer.text + str(answer.headers), answer.text
    assert TOKEN not in platform.service.log.read_text() + str(platform.postgres.query("SELECT * FROM audit_log"))


@pytest.mark.parametrize("disguise", [{"headers": {"X-HTTP-Method-Override": "DELETE"}}, {"headers": {"X-Method-Override": "DELETE"}}, {"headers": {"X-HTTP-Method": "DELETE"}}], ids=str)
def test_by_cookie_a_reading_request_stays_one_whatever_it_says(platform, disguise):
    store = platform.create(unique("Kept"))["id"]
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    for method in ("GET", "HEAD"):
        assert browser.call(method, f"/stores/{store}", **disguise).status_code == 200
    assert platform.store(store)["phase"] not in ("deleting", "deleted")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"])
def test_by_cookie_another_sites_page_can_order_nothing(platform, content_type):
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    before = platform.postgres.query("SELECT count(*) FROM stores")
    # What a form or a script elsewhere can send: no header of its own, the body as it likes.
    answer = browser.call("POST", "/stores", data=json.dumps(order()), headers={"Content-Type": content_type, "Origin": f"http://{SPOOFED}"})
    assert answer.status_code == 403 and answer.json()["code"] == "csrf_proof_missing"
    assert "Access-Control-Allow-Origin" not in answer.headers and platform.postgres.query("SELECT count(*) FROM stores") == before
    assert recorded(platform, answer) == [["anonymous", "127.0.0.1", "csrf_proof_missing"]]
    asked = browser.call("OPTIONS", "/stores", headers={"Origin": f"http://{SPOOFED}", "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 405 and not [name for name in asked.headers if name.startswith("Access-Control")]


# Where somebody calls from.

CLAIMS = [{name: "203.0.113.9"} for name in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "X-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP")] + [{"Forwarded": "for=203.0.113.9"}]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_stranger_is_recorded_where_he_is_also_beside_a_trusted_proxy(proxied, claim):
    for token in (TOKEN, None, "sp_wrong"):
        answer = call_from(STRANGER, proxied, "POST", "/stores", token, json=order(), headers=claim)
        assert recorded(proxied, answer)[0][1] == STRANGER


@pytest.mark.parametrize("claim", CLAIMS[1:], ids=str)
def test_also_of_a_trusted_proxy_only_one_header_is_believed(proxied, claim):
    answer = call_from(TRUSTED, proxied, "POST", "/stores", json=order(), headers=claim)
    assert recorded(proxied, answer)[0][1] == TRUSTED


def test_a_stranger_is_nobody_whoever_he_says_vouches_for_him(proxied):
    for more in ({}, {"X-Forwarded-For": TRUSTED}, {"X-Real-IP": TRUSTED}, {"Forwarded": f"for={TRUSTED};by={TRUSTED}"}):
        answer = call_from(STRANGER, proxied, "GET", "/me", None, headers={"X-Forwarded-User": "ada@example.com", "X-Forwarded-Groups": "shop-admins", **more})
        assert answer.status_code == 401
    assert call_from(TRUSTED, proxied, "GET", "/me", None, headers={"X-Forwarded-User": "ada@example.com", "X-Forwarded-Groups": "shop-admins"}).status_code == 200


def test_a_stranger_has_one_limit_whatever_addresses_he_makes_up():
    with Platform(environment={"STORE_PLATFORM_LIMIT_ADDRESS": "20/86400", **PROXY}) as platform:
        claimed = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(22)]
        statuses = [call_from(STRANGER, platform, "GET", "/me", headers=headers).status_code for headers in claimed]
        assert statuses == [200] * 20 + [429] * 2
        assert call_from(OTHER_STRANGER, platform, "GET", "/me", headers={"X-Forwarded-For": STRANGER}).status_code == 200
        assert {call_from(TRUSTED, platform, "GET", "/me", headers=headers).status_code for headers in claimed} == {200}
        assert call_from(TRUSTED, platform, "GET", "/me", headers={"X-Forwarded-For": STRANGER}).status_code == 429


def test_who_guesses_is_barred_where_he_is_and_can_have_nobody_else_barred():
    with Platform(environment={"STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES": "10/86400", **PROXY}) as platform:
        def guess(address, number, claimed):
            return call_from(address, platform, "GET", "/me", f"sp_guess{number}_{'0' * 64}", headers={"X-Forwarded-For": claimed}).status_code
        assert [guess(STRANGER, number, f"203.0.113.{number}") for number in range(12)] == [401] * 10 + [429] * 2
        assert [guess(OTHER_STRANGER, number, STRANGER) for number in range(12, 22)] == [401] * 10
        assert guess(TRUSTED, 22, "203.0.113.1") == 401


def test_what_costs_nothing_to_have_refused_fills_no_audit_log():
    limits = {"STORE_PLATFORM_LIMIT_REFUSAL_RECORDS": "5/86400", "STORE_PLATFORM_LIMIT_ORDERS": "1/86400"}
    with Platform(environment=limits) as platform:
        merchant, viewer = issue(platform, "merchant").token, issue(platform, "viewer").token

        def records(address, token):
            answers = [call_from(address, platform, "POST", "/stores", token, json=order()) for _ in range(8)]
            return [len(recorded(platform, answer)) for answer in answers]
        assert records(STRANGER, None) == [1] * 5 + [0] * 3
        assert records(OTHER_STRANGER, merchant) == [1] * 6 + [0] * 2  # the first order is taken
        assert records(STRANGER, viewer) == [1] * 8  # it is known whose they are, and how many he may send
        assert "\nstore_platform_audit_refusals_unrecorded_total 5.0\n" in requests.get(f"{platform.url}/metrics", timeout=10).text
        assert platform.service.log.read_text().count("left out of the audit log, 1 since the start: of 127.0.0.2") == 1
        assert platform.service.log.read_text().count("left out of the audit log") == 1


# What an answer is made of.

MADE_UP = {
    "X-Forwarded-Host": SPOOFED, "X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "6666", "X-Forwarded-Prefix": f"/{SPOOFED}", "X-Forwarded-Server": SPOOFED,
    "X-Original-URL": f"/{SPOOFED}", "X-Rewrite-URL": f"/{SPOOFED}", "X-Host": SPOOFED, "Forwarded": f"host={SPOOFED};proto=gopher", "Host": f"{SPOOFED}:6666",
}


@pytest.fixture(scope="module")
def house(proxied):
    return House(proxied)


@pytest.mark.parametrize("address", [TRUSTED, STRANGER])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route['method']} {route['path']}")
def test_no_answer_is_made_of_a_host_or_scheme_that_was_made_up(house, route, address):
    method, path, body = house.request(route)
    with requests.Session() as session:
        session.mount("http://", At(address))
        for token in (TOKEN, None):
            headers = {**MADE_UP, **({"Authorization": f"Bearer {token}"} if token else {})}
            answer = session.request(method, f"{house.platform.url}{path}", headers=headers, timeout=10, allow_redirects=False, **({} if body is None else {"json": body}))
            shown = str(answer.headers) + answer.text
            assert SPOOFED not in shown and "gopher" not in shown and ":6666" not in shown
            assert answer.headers.get("Location", "/").startswith("/") and "Domain" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("path", ["/", "/stores/abcdefghijkm", "/api/v1/nothing", "/api/v1/stores/abcdefghijkm", "/api/v1/stores?limit=x"])
def test_nor_is_one_of_something_that_is_not_there(house, path):
    answer = requests.get(f"{house.platform.url}{path}", headers={**MADE_UP, "Authorization": f"Bearer {TOKEN}"}, timeout=10, allow_redirects=False)
    assert SPOOFED not in str(answer.headers) + answer.text and answer.status_code in (400, 404)


def test_the_shops_address_and_the_cookie_are_the_configurations(house):
    made = requests.post(f"{house.platform.url}/api/v1/stores", json=order(), headers={**MADE_UP, "Authorization": f"Bearer {TOKEN}"}, timeout=10).json()
    ready = house.platform.wait_for_phase(made["id"], "ready")
    assert ready["url"].startswith(f"http://{made['slug']}.") and ready["url"].endswith(f":{house.platform.ingress_port}")
    viewer = issue(house.platform, "viewer")
    cookie = viewer.call("POST", "/api/v1/session", headers=MADE_UP).headers["Set-Cookie"]
    assert cookie.startswith("store-platform=") and "Secure" not in cookie
