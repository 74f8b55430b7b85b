"""Requests that meet the state of things at the wrong moment, twice, at once, or with a key or version that is none."""

import concurrent.futures
import string

import pytest

from callers import Client, issue, open_account
from platform_under_test import TOKEN, Platform, wait_until
from test_access import ROUTES, replicas, unique
from test_bad_callers import send
from test_sign_in import order


@pytest.fixture(scope="module")
def platform():
    with Platform(pod_delay=0) as running:
        yield running


@pytest.fixture(scope="module")
def admin(platform):
    return Client(platform.url, TOKEN, "administrator")


@pytest.fixture(scope="module")
def ready(platform):
    return platform.wait_for_phase(platform.create(unique("Ready"))["id"], "ready")


def at_once(count, call):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def kinds(platform, store_id):
    return [event["type"] for event in platform.events(store_id)]


# At once.

def test_of_many_accounts_that_want_a_name_at_once_one_gets_it_and_each_learns_only_of_its_own(platform):
    merchants = [issue(platform, "merchant", open_account(platform, unique("Rival"))) for _ in range(4)]
    body = order()
    with replicas(platform, 1) as urls:
        answers = at_once(32, lambda number: (number % 4, Client(urls[number // 4 % 2], merchants[number % 4].token).call("POST", "/api/v1/stores", json=body)))
    assert sorted(answer.status_code for _, answer in answers) == [202] + [409] * 31
    winner, made = next((who, answer.json()["id"]) for who, answer in answers if answer.status_code == 202)
    for who, answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "address_taken" and answer.json().get("store") == (made if who == winner else None)
    assert platform.postgres.query(f"SELECT id FROM stores WHERE slug = '{platform.store(made)['slug']}'") == [[made]]


def test_a_deletion_that_many_ask_for_at_once_is_one(platform, admin):
    store = platform.create(unique("Unwanted"))["id"]
    platform.wait_for_phase(store, "ready")
    with replicas(platform, 1) as urls:
        answers = at_once(16, lambda number: Client(urls[number % 2], TOKEN).call("DELETE", f"/api/v1/stores/{store}"))
    assert [answer.status_code for answer in answers] == [202] * 16
    platform.wait_for_phase(store, "deleted")
    assert kinds(platform, store).count("deletion_requested") == 1
    assert platform.cluster(f"/api/v1/namespaces/store-{store}").status_code == 404
    requests_of = ",".join(f"'{answer.headers['X-Request-Id']}'" for answer in answers)
    assert platform.postgres.query(f"SELECT count(*), count(DISTINCT request_id) FROM audit_log WHERE request_id IN ({requests_of})") == [["16", "16"]]


@pytest.mark.parametrize("moment", range(1, 20, 3))
def test_a_store_that_is_deleted_while_it_is_made_is_gone_with_all_it_had(platform, moment):
    store = platform.create(unique(f"Brief {moment}"))["id"]
    wait_until(lambda: len(platform.events(store)) >= moment, 30, f"{moment} events")

    def ask(number):
        method, path, body = [("DELETE", "", None), ("PATCH", "", {"name": unique("Late")}), ("POST", "/retry", None)][number]
        return platform.session.request(method, f"{platform.url}/api/v1/stores/{store}{path}", json=body, timeout=10).status_code
    deleted, renamed, retried = at_once(3, ask)
    assert deleted == 202 and renamed in (200, 409) and retried == 409
    platform.wait_for_phase(store, "deleted")
    assert platform.cluster(f"/api/v1/namespaces/store-{store}").status_code == 404
    told = kinds(platform, store)
    assert told.count("deletion_requested") == 1 and "ready" not in [event["phase"] for event in platform.events(store)[told.index("deletion_requested"):]]


def test_of_many_changes_of_one_version_one_is_made(platform, admin):
    store = platform.wait_for_phase(platform.create(unique("Contested"))["id"], "ready")
    account = open_account(platform, unique("Contested"))
    for path, kind in ((f"/api/v1/stores/{store['id']}", "renamed"), (f"/api/v1/accounts/{account}", None)):
        before = admin.call("GET", path)
        answers = at_once(16, lambda number: admin.call("PATCH", path, json={"name": f"Wish {number}"}, headers={"If-Match": before.headers["ETag"]}))
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 15
        after = next(answer.json() for answer in answers if answer.status_code == 200)
        assert {answer.json()["code"] for answer in answers if answer.status_code == 412} == {"stale_version"}
        assert admin.call("GET", path).json()["name"] == after["name"] and after["version"] == before.json()["version"] + 1
    assert kinds(platform, store["id"]).count("renamed") == 1


# What is not there, and what does not fit.

# Of the right shape, of another thing, and of none.
STRANGE_IDS = ["abcdefghijkm", "administrator", "default", "0", "-1", "ABCDEFGHIJKM", "abcdefghijkmn", "null", "%27%20OR%201=1", "%F0%9F%AB%96", "a" * 200, "store-abcdefghijkm"]
THERE = {"/api/v1/accounts/default", "/api/v1/tokens/administrator"}
UNKNOWN = [(route, unknown) for route in ROUTES for unknown in STRANGE_IDS if "{id}" in route["path"] and route["path"].replace("{id}", unknown) not in THERE]


@pytest.mark.parametrize("route, unknown", UNKNOWN, ids=lambda value: value[:20] if isinstance(value, str) else f"{value['method']} {value['path']}")
def test_what_has_an_unknown_id_is_not_found_by_anything(platform, admin, route, unknown):
    body = {"name": "Nobody"} if route["method"] == "PATCH" else None
    answer = admin.call(route["method"], route["path"].replace("{id}", unknown), json=body, headers={"If-Match": '"1"'})
    assert answer.status_code == 404 and answer.json()["code"] in ("not_found", "store_not_found", "account_not_found", "token_not_found"), answer.text


def test_a_retry_of_a_ready_store_is_refused_and_changes_nothing(platform, admin, ready):
    path = f"/api/v1/stores/{ready['id']}"
    before, events = admin.call("GET", path).json(), platform.events(ready["id"])
    answers = at_once(8, lambda _: admin.call("POST", f"{path}/retry"))
    assert {(answer.status_code, answer.json()["code"], answer.json()["phase"]) for answer in answers} == {(409, "wrong_phase", "ready")}
    assert admin.call("GET", path).json() == before and platform.events(ready["id"]) == events
    assert platform.postgres.query(f"SELECT count(*) FROM work WHERE store_id = '{ready['id']}'") == [["0"]]


@pytest.mark.parametrize("path", ["stores", "accounts"])
def test_a_stale_version_stops_every_change(platform, admin, ready, path):
    path = f"/api/v1/stores/{ready['id']}" if path == "stores" else f"/api/v1/accounts/{open_account(platform, unique('Stale'))}"
    before = admin.call("GET", path)
    for version in (before.json()["version"] - 1, before.json()["version"] + 1, 0, 2**62):
        for method, body in (("PATCH", {"name": "Stale"}), ("DELETE", None)):
            answer = admin.call(method, path, json=body, headers={"If-Match": f'"{version}"'})
            assert answer.status_code == 412 and answer.json()["code"] == "stale_version" and answer.json()["version"] == before.json()["version"]
    after = admin.call("GET", path)
    assert after.json() == before.json() and after.headers["ETag"] == before.headers["ETag"]


@pytest.mark.parametrize("values", [[""], ["1"], ['"'], ['""'], ['W/"1"'], ['"x"'], ['"+1"'], ['"-1"'], ['" 1"'], ['"1.0"'], [f'"{2**63}"'], ['"1", "2"'], ['"1"', '"2"'], ["*", '"1"']], ids=str)
def test_a_version_that_is_none_is_400(platform, ready, values):
    for method, body in (("PATCH", b'{"name":"Odd"}'), ("DELETE", b"")):
        answer, document = send(platform, method, f"/stores/{ready['id']}", [("Authorization", f"Bearer {TOKEN}"), *[("If-Match", value) for value in values]], body)
        assert answer.status == 400 and document["code"] == "invalid_if_match"
    assert platform.store(ready["id"])["version"] == ready["version"]


# Idempotency keys.

KEYS = ["k", "k" * 255, string.punctuation, "'; DROP TABLE stores; --".replace(" ", "+"), "%00", "../../etc", "<script>", "{{7*7}}", "null", "0", "\\"]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:20])
def test_an_odd_key_is_a_key_like_any_other(platform, key):
    merchant = issue(platform, "merchant", open_account(platform, unique("Odd")))
    body = order()
    answers = at_once(4, lambda _: merchant.call("POST", "/api/v1/stores", json=body, headers={"Idempotency-Key": key}))
    assert {answer.status_code for answer in answers} == {202} and len({answer.json()["id"] for answer in answers}) == 1
    other = merchant.call("POST", "/api/v1/stores", json=order(), headers={"Idempotency-Key": key})
    assert other.status_code == 422 and other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("values", [["a", "b"], ["a", "a"], ["a", ""], ["a, b"], ["a\tb"], ["k" * 10_000], ["\u00a0".encode("latin-1")]],
                         ids=["two", "one twice", "one and none", "a list", "tab", "over-long", "no-break space"])
def test_two_keys_or_one_that_is_none_order_nothing(platform, values):
    body = f'{{"name":"{unique("Keyless")}","engine":"woocommerce"}}'.encode()
    before = platform.postgres.query("SELECT count(*) FROM stores")
    answer, document = send(platform, "POST", "/stores", [("Authorization", f"Bearer {TOKEN}"), *[("Idempotency-Key", value) for value in values]], body)
    assert answer.status == 422 and [error["field"] for error in document["errors"]] == ["Idempotency-Key"]
    assert platform.postgres.query("SELECT count(*) FROM stores") == before


def test_a_key_is_the_accounts_whoever_of_it_sends_it_and_nobody_elses(platform):
    account = open_account(platform, unique("Shared"))
    first, second = issue(platform, "merchant", account), issue(platform, "merchant", account)
    stranger = issue(platform, "merchant", open_account(platform, unique("Stranger")))
    body, key = order(), {"Idempotency-Key": unique("key").replace(" ", "-")}
    made = first.call("POST", "/api/v1/stores", json=body, headers=key).json()
    assert second.call("POST", "/api/v1/stores", json=body, headers=key).json()["id"] == made["id"]
    # The same order under the same key: the address is taken, and whose it is stays untold.
    refused = stranger.call("POST", "/api/v1/stores", json=body, headers=key)
    assert refused.status_code == 409 and refused.json()["code"] == "address_taken" and made["id"] not in refused.text
    assert stranger.call("POST", "/api/v1/stores", json=order(), headers=key).status_code == 202
