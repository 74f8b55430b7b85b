"""How people get in besides by tokens, and how often anybody may ask."""

import concurrent.futures
import json
import re
import time

import pytest
import requests

from callers import Client, issue, open_account, revoke
from platform_under_test import TOKEN, Platform, wait_until
from test_access import replicas, unique

PROXY = {
    "STORE_PLATFORM_TRUSTED_PROXIES": "127.0.0.1", "STORE_PLATFORM_PROXY_ROLES": "shop-admins=admin, shops=merchant:default,lookers=viewer:default,early=merchant:early,late=merchant:late",
}


@pytest.fixture(scope="module")
def platform():
    with Platform(pod_delay=0) as running:
        yield running


@pytest.fixture(scope="module")
def proxied():
    with Platform(pod_delay=0, environment=PROXY) as running:
        yield running


class Browser:
    """Keeps cookies as a browser does, and the proof as the dashboard does."""

    def __init__(self, platform, **headers):
        self.url, self.session, self.headers = platform.url, requests.Session(), headers

    def sign_in(self, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.session.post(f"{self.url}/api/v1/session", headers={**self.headers, **headers}, timeout=10)
        assert answer.status_code == 201, answer.text
        self.proof = answer.json()["csrfToken"]
        return answer

    def call(self, method, path, proof=None, **arguments):
        headers = {**self.headers, **({"X-CSRF-Token": proof} if proof else {}), **arguments.pop("headers", {})}
        return self.session.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=10, **arguments)


def order():
    return {"name": unique("Shop"), "engine": "woocommerce"}


# Sessions.

def test_a_session_is_a_cookie_that_scripts_cannot_read(platform):
    answer = Browser(platform).sign_in(TOKEN)
    secret = re.fullmatch(r"store-platform=([0-9a-f]{64}); Path=/; Max-Age=43200; HttpOnly; SameSite=Strict", answer.headers["Set-Cookie"]).group(1)
    assert answer.headers["Cache-Control"] == "no-store" and secret not in answer.text
    rows = str(platform.postgres.query("SELECT * FROM sessions")) + str(platform.postgres.query("SELECT * FROM audit_log"))
    assert secret not in rows and secret not in platform.service.log.read_text() and answer.json()["csrfToken"] not in rows


def test_where_it_is_served_by_tls_the_cookie_is_bound_to_its_host():
    with Platform(environment={"STORE_PLATFORM_PUBLIC_SCHEME": "https"}) as secure:
        field = Browser(secure).sign_in(TOKEN).headers["Set-Cookie"]
        assert field.startswith("__Host-store-platform=") and field.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure")


@pytest.mark.parametrize("method, path, body", [("POST", "/stores", order()), ("DELETE", "/stores/abcdefghijkm", None), ("PATCH", "/accounts/default", {"name": "x"}),
                                                ("POST", "/tokens", {"account": "default", "role": "admin", "name": "x"}), ("DELETE", "/session", None)])
def test_a_change_by_cookie_needs_its_proof(platform, method, path, body):
    browser, other = Browser(platform), Browser(platform)
    browser.sign_in(TOKEN)
    other.sign_in(TOKEN)
    before = platform.postgres.query("SELECT (SELECT count(*) FROM stores), (SELECT count(*) FROM tokens), (SELECT count(*) FROM sessions)")
    for proof in (None, "x", "0" * 64, other.proof, browser.proof.upper() if browser.proof.upper() != browser.proof else "y"):
        answer = browser.call(method, path, proof, **({"json": body} if body else {}))
        assert answer.status_code == 403 and answer.json()["code"] == "csrf_proof_missing"
    assert platform.postgres.query("SELECT (SELECT count(*) FROM stores), (SELECT count(*) FROM tokens), (SELECT count(*) FROM sessions)") == before


def test_with_its_proof_a_session_does_what_its_role_may(platform):
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    shown = browser.call("GET", "/session").json()
    assert shown["csrfToken"] == browser.proof and shown["role"] == "admin" and "stores.create" in shown["permissions"]
    assert browser.call("POST", "/stores", shown["csrfToken"], json=order()).status_code == 202
    viewer = Browser(platform)
    viewer.sign_in(issue(platform, "viewer").token)
    answer = viewer.call("POST", "/stores", viewer.proof, json=order())
    assert answer.status_code == 403 and answer.json()["code"] == "forbidden"


def test_signing_out_ends_a_session_at_once_and_elsewhere_within_a_second(platform):
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    cookies = dict(browser.session.cookies)
    with replicas(platform, 1) as urls:
        assert requests.get(f"{urls[1]}/api/v1/session", cookies=cookies, timeout=10).status_code == 200
        answer = browser.call("DELETE", "/session", browser.proof)
        assert answer.status_code == 204 and "Max-Age=0" in answer.headers["Set-Cookie"] and not browser.session.cookies
        assert requests.get(f"{urls[0]}/api/v1/session", cookies=cookies, timeout=10).status_code == 401
        time.sleep(1)
        assert requests.get(f"{urls[1]}/api/v1/session", cookies=cookies, timeout=10).status_code == 401


def test_a_session_ends_with_its_token(platform):
    client, browser = issue(platform, "merchant"), Browser(platform)
    browser.sign_in(client.token)
    assert browser.call("GET", "/me").status_code == 200
    revoke(platform, client)
    time.sleep(1)
    assert browser.call("GET", "/me").status_code == 401


def test_a_session_ends_by_itself_and_is_forgotten():
    with Platform(environment={"STORE_PLATFORM_SESSION_LIFETIME": "1"}) as brief:
        browser = Browser(brief)
        answer = browser.sign_in(TOKEN)
        cookies = {"store-platform": re.search("=([0-9a-f]{64})", answer.headers["Set-Cookie"]).group(1)}
        time.sleep(2.1)
        assert requests.get(f"{brief.url}/api/v1/me", cookies=cookies, timeout=10).status_code == 401
        brief.service.terminate()
        brief.start()
        wait_until(lambda: brief.postgres.query("SELECT count(*) FROM sessions") == [["0"]], 15, "the row to be forgotten")


def test_another_administrators_token_ends_the_sessions_of_the_former():
    with Platform() as platform:
        browser = Browser(platform)
        browser.sign_in(TOKEN)
        platform.service.terminate()
        platform.service.environment = {**platform.settings, "STORE_PLATFORM_ADMIN_TOKEN": "another administrator's"}
        platform.start()
        assert browser.call("GET", "/me").status_code == 401


def test_a_session_opens_no_other(platform):
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    assert browser.call("POST", "/session", browser.proof).status_code == 401


@pytest.mark.parametrize("cookie", ["store-platform=", "store-platform=x", "store-platform=" + "0" * 64, "store-platform=" + "0" * 4000, "other=1"])
def test_a_cookie_that_is_none_of_ours_is_401(platform, cookie):
    answer = requests.get(f"{platform.url}/api/v1/me", headers={"Cookie": cookie}, timeout=10)
    assert answer.status_code == 401 and answer.json()["code"] == "unauthenticated"


def test_two_cookies_or_two_authorizations_are_401(platform):
    import http.client
    browser = Browser(platform)
    browser.sign_in(TOKEN)
    secret = dict(browser.session.cookies)["store-platform"]
    for fields in ([("Cookie", f"store-platform={secret}; store-platform={'0' * 64}")], [("Cookie", f"store-platform={secret}")] * 2,
                   [("Authorization", f"Bearer {TOKEN}")] * 2, [("Authorization", "Basic eDp5"), ("Cookie", f"store-platform={secret}")]):
        connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=10)
        connection.putrequest("GET", "/api/v1/me")
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 401, fields
        connection.close()


# An authenticating proxy.

def forwarded(user="ada@example.com", groups="shops", **more):
    return {"X-Forwarded-User": user, "X-Forwarded-Groups": groups, **more}


@pytest.mark.parametrize("groups, role", [("shop-admins", "admin"), ("shops", "merchant"), ("others, shops", "merchant"), ("lookers,shop-admins", "admin")])
def test_a_trusted_proxy_says_who_somebody_is(proxied, groups, role):
    me = requests.get(f"{proxied.url}/api/v1/me", headers=forwarded(groups=groups), timeout=10).json()
    assert (me["name"], me["role"], me["account"]) == ("ada@example.com", role, "default")


@pytest.mark.parametrize("groups", ["", "nobody", "shops-", "SHOPS"])
def test_who_is_in_no_group_with_a_role_is_403(proxied, groups):
    answer = requests.get(f"{proxied.url}/api/v1/me", headers=forwarded(groups=groups), timeout=10)
    assert answer.status_code == 403 and answer.json()["code"] == "no_role"


def test_behind_a_proxy_changes_need_a_session_and_its_proof(proxied):
    answer = requests.post(f"{proxied.url}/api/v1/stores", json=order(), headers=forwarded(), timeout=10)
    assert answer.status_code == 403 and answer.json()["code"] == "csrf_proof_missing"
    browser = Browser(proxied, **forwarded())
    browser.sign_in()
    assert browser.call("POST", "/stores", json=order()).status_code == 403
    made = browser.call("POST", "/stores", browser.proof, json=order())
    assert made.status_code == 202
    assert proxied.postgres.query(f"SELECT actor, token_id, role FROM audit_log WHERE target = '{made.json()['id']}'") == [["ada@example.com", "", "merchant"]]


def test_a_session_is_not_handed_on_to_the_next_person(proxied):
    browser = Browser(proxied, **forwarded())
    browser.sign_in()
    assert browser.call("GET", "/me", headers={"X-Forwarded-User": "eve@example.com"}).status_code == 401
    browser.sign_in()
    assert browser.call("GET", "/me", headers={"X-Forwarded-Groups": "lookers"}).status_code == 401  # nor kept when the groups are others


def test_the_next_person_signs_in_over_the_cookie_of_the_last(proxied):
    ada = Browser(proxied, **forwarded())
    ada.sign_in()
    eve = Browser(proxied, **forwarded("eve@example.com"))
    eve.session.cookies = ada.session.cookies
    failures = "SELECT count(*) FROM rate_buckets"
    before = proxied.postgres.query(failures)
    eve.sign_in()
    assert eve.call("GET", "/me").json()["name"] == "eve@example.com" and proxied.postgres.query(failures) == before
    assert eve.call("POST", "/stores", eve.proof, json=order()).status_code == 202


@pytest.mark.parametrize("method, path", [("GET", "/me"), ("DELETE", "/session")])
def test_the_browser_forgets_a_cookie_that_is_refused(proxied, method, path):
    browser = Browser(proxied, **forwarded())
    browser.sign_in()
    answer = browser.call(method, path, headers={"X-Forwarded-User": "eve@example.com"})
    assert answer.status_code == 401 and "Max-Age=0" in answer.headers["Set-Cookie"] and not browser.session.cookies
    browser.sign_in()
    answer = browser.call(method, path, headers={"Authorization": "Bearer sp_wrong"})  # which counts, and says nothing of the cookie
    assert answer.status_code == 401 and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("groups", ["shops", "nobody"])
def test_behind_a_proxy_a_token_signs_in_as_itself(proxied, groups):
    client = issue(proxied, "viewer")
    browser = Browser(proxied, **forwarded(groups=groups))
    browser.sign_in(client.token)
    assert browser.call("GET", "/me").json()["name"] == "viewer of default"
    assert browser.call("DELETE", "/session", browser.proof).status_code == 204


def test_who_is_of_an_account_that_is_not_open_is_403_and_has_no_session(proxied):
    def refused(groups):
        for method, path in (("GET", "/me"), ("GET", "/stores"), ("POST", "/session")):
            answer = Browser(proxied, **forwarded(groups=groups)).call(method, path)
            assert answer.status_code == 403 and answer.json()["code"] == "no_account" and f"“{groups}”" in answer.json()["detail"]
    refused("early")
    open_account(proxied, "Late")
    browser = Browser(proxied, **forwarded(groups="late"))
    browser.sign_in()
    headers = {**forwarded(groups="late"), "Accept": "text/event-stream"}
    with requests.get(f"{proxied.url}/api/v1/events", headers=headers, stream=True, timeout=10) as stream:
        assert proxied.session.delete(f"{proxied.url}/api/v1/accounts/late", timeout=10).status_code == 204
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(stream.iter_content())
    refused("late")
    assert browser.call("GET", "/me").status_code == 401


@pytest.mark.parametrize("headers", [forwarded(), forwarded(groups="shop-admins"), forwarded(**{"X-Forwarded-For": "127.0.0.1"}), {"X-Forwarded-Host": "admin"}], ids=str)
def test_spoofed_headers_from_anywhere_else_are_nothing(platform, headers):
    assert requests.get(f"{platform.url}/api/v1/me", headers=headers, timeout=10).status_code == 401
    viewer = issue(platform, "viewer")
    assert viewer.call("GET", "/api/v1/me", headers=headers).json()["role"] == "viewer"


def test_the_audit_log_has_the_address_that_a_trusted_proxy_saw(platform, proxied):
    for where, headers, address in ((platform, {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1"), (proxied, {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
                                    (proxied, {"X-Forwarded-For": "1.1.1.1, 203.0.113.9, 127.0.0.1"}, "203.0.113.9"), (proxied, {"X-Forwarded-For": "1.1.1.1, junk"}, "127.0.0.1")):
        store = where.session.post(f"{where.url}/api/v1/stores", json=order(), headers=headers, timeout=10).json()["id"]
        assert where.postgres.query(f"SELECT remote_address FROM audit_log WHERE target = '{store}'") == [[address]]


# Limits.

def fields(answer):
    policy = {name: (int(q), int(w)) for name, q, w in re.findall(r'"([a-z-]+)";q=(\d+);w=(\d+)', answer.headers.get("RateLimit-Policy", ""))}
    left = {name: (int(r), int(t)) for name, r, t in re.findall(r'"([a-z-]+)";r=(\d+);t=(\d+)', answer.headers.get("RateLimit", ""))}
    return policy, left


def test_who_asks_too_often_waits_and_others_do_not():
    with Platform(environment={"STORE_PLATFORM_LIMIT_REQUESTS": "10/5"}) as platform:
        busy, calm = issue(platform, "viewer"), issue(platform, "viewer")
        answers = [busy.call("GET", "/api/v1/me") for _ in range(12)]
        assert [answer.status_code for answer in answers[:10]] == [200] * 10 and answers[11].status_code == 429
        assert fields(answers[0])[0] == {"requests": (10, 5)} and fields(answers[0])[1]["requests"][0] == 9
        refused = answers[11]
        assert refused.json()["code"] == "rate_limited" and "Try again in 1 s" in refused.json()["detail"]
        assert refused.headers["Retry-After"] == "1" and fields(refused)[1] == {"requests": (0, 1)}
        assert calm.call("GET", "/api/v1/me").status_code == 200
        time.sleep(int(refused.headers["Retry-After"]))
        assert busy.call("GET", "/api/v1/me").status_code == 200


def test_an_address_is_limited_whoever_calls_from_there():
    with Platform(environment={"STORE_PLATFORM_LIMIT_ADDRESS": "20/60", **PROXY}) as platform:
        def status(address):
            return requests.get(f"{platform.url}/api/v1/me", headers={"X-Forwarded-For": address}, timeout=10).status_code
        assert [status("203.0.113.9") for _ in range(21)] == [401] * 20 + [429]
        assert status("203.0.113.10") == 401
        # Of IPv6 a customer has 64 bits: all of them are one address here.
        assert [status(f"2001:db8::{number:x}") for number in range(1, 22)] == [401] * 20 + [429]
        assert requests.get(f"{platform.url}/livez", timeout=10).status_code == 200


def test_replicas_share_the_limit_of_orders():
    with Platform(pod_delay=0, environment={"STORE_PLATFORM_LIMIT_ORDERS": "10/3600"}) as platform:
        merchant = issue(platform, "merchant")
        with replicas(platform, 2) as urls, concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda number: Client(urls[number % 3], merchant.token).call("POST", "/api/v1/stores", json=order()), range(40)))
        assert sorted(answer.status_code for answer in answers) == [202] * 10 + [429] * 30
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 300 < int(refused.headers["Retry-After"]) <= 360 and fields(refused)[0] == {"orders": (10, 3600)}
        assert merchant.call("GET", "/api/v1/stores").status_code == 200


def test_failed_sign_ins_are_limited_on_all_replicas_together_and_good_tokens_go_on():
    with Platform(environment={"STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES": "10/60"}) as platform, replicas(platform, 1) as urls:
        good = [Client(url, issue(platform, "viewer").token) for url in urls]
        assert {client.call("GET", "/api/v1/me").status_code for client in good} == {200}
        guesses = [Client(urls[number % 2], f"sp_guess{number}_{'0' * 64}").call("GET", "/api/v1/me") for number in range(16)]
        assert [answer.status_code for answer in guesses] == [401] * 10 + [429] * 6
        assert int(guesses[-1].headers["Retry-After"]) <= 7 and guesses[-1].json()["code"] == "rate_limited"
        time.sleep(1.1)  # the remembered answers are stale by then
        assert {client.call("GET", "/api/v1/me").status_code for client in good} == {200}
        # Who shows nothing has guessed nothing.
        assert {requests.get(f"{url}/api/v1/me", timeout=10).status_code for url in urls} == {401}


def test_while_an_address_is_barred_no_token_is_tried_by_way_of_the_audit_log():
    with Platform(environment={"STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES": "10/86400"}) as platform:
        unseen = issue(platform, "viewer")
        guesses = [Client(platform.url, f"sp_guess{number}_{'0' * 64}").call("GET", "/api/v1/me") for number in range(11)]
        assert guesses[-1].status_code == 429
        for method, path in (("DELETE", "/api/v1/session"), ("POST", "/api/v1/stores"), ("GET", "/api/v1/me")):
            answer = unseen.call(method, path)
            assert answer.status_code == 429 and answer.json()["code"] == "rate_limited"
        assert platform.postgres.query("SELECT DISTINCT actor FROM audit_log WHERE result = 'rate_limited'") == [["anonymous"]]


# Requests that meet the state of things.

@pytest.mark.parametrize("key", ["", "a b", "é".encode(), "k" * 256], ids=["empty", "two words", "not ASCII", "256"])
def test_an_idempotency_key_that_is_none_is_422(platform, key):
    answer = platform.session.post(f"{platform.url}/api/v1/stores", json=order(), headers={"Idempotency-Key": key}, timeout=10)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_key_belongs_to_its_account(platform):
    mine, theirs = (issue(platform, "merchant", open_account(platform, unique("Owner"))) for _ in range(2))
    body = order()
    first = mine.call("POST", "/api/v1/stores", json=body, headers={"Idempotency-Key": "shared"})
    again = mine.call("POST", "/api/v1/stores", json=body, headers={"Idempotency-Key": "shared"})
    other = theirs.call("POST", "/api/v1/stores", json=order(), headers={"Idempotency-Key": "shared"})
    assert first.status_code == again.status_code == other.status_code == 202
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]


def test_an_address_of_another_account_is_taken_without_naming_its_store(platform):
    mine, theirs = (issue(platform, "merchant", open_account(platform, unique("Owner"))) for _ in range(2))
    body = order()
    assert mine.call("POST", "/api/v1/stores", json=body).status_code == 202
    answer = theirs.call("POST", "/api/v1/stores", json=body)
    assert answer.status_code == 409 and answer.json()["code"] == "address_taken" and "store" not in answer.json()
    assert mine.call("POST", "/api/v1/stores", json=body).json()["store"]


def test_requests_that_do_not_fit_the_state_change_nothing(platform):
    store = platform.create(unique("State"))
    path = f"{platform.url}/api/v1/stores/{store['id']}"
    assert platform.session.delete(path, timeout=10).status_code == 202  # while it is made
    assert platform.session.patch(path, json={"name": "Late"}, timeout=10).json()["code"] == "wrong_phase"
    assert platform.session.post(f"{path}/retry", timeout=10).json()["code"] == "wrong_phase"
    platform.wait_for_phase(store["id"], "deleted")
    assert platform.session.delete(path, timeout=10).status_code == 202
    assert platform.session.delete(path, headers={"If-Match": '"1"'}, timeout=10).status_code == 412
    kinds = [event["type"] for event in platform.events(store["id"])]
    assert kinds.count("deletion_requested") == 1 and "renamed" not in kinds and "retry_requested" not in kinds


def test_a_last_event_id_from_the_future_waits_and_breaks_nothing(platform):
    store = platform.create(unique("Future"))
    for path, last in ((f"/stores/{store['id']}/events", str(2**62)), ("/events", f"{2**62}-{2**62}")):
        with platform.session.get(f"{platform.url}/api/v1{path}", headers={"Accept": "text/event-stream", "Last-Event-ID": last}, stream=True, timeout=10) as stream:
            assert stream.status_code == 200 and next(stream.iter_lines()) == b"retry: 1000"
    assert platform.session.get(f"{platform.url}/api/v1/stores/{store['id']}/events?cursor={2**63}", timeout=10).status_code == 400


def test_the_same_name_at_once_is_one_store(platform):
    body = order()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: requests.post(f"{platform.url}/api/v1/stores", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10), range(16)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 15
    store = next(answer.json()["id"] for answer in answers if answer.status_code == 202)
    assert {answer.json()["store"] for answer in answers if answer.status_code == 409} == {store}


def test_nothing_of_all_this_has_left_a_trace_of_a_secret(platform):
    assert TOKEN not in platform.service.log.read_text() + json.dumps(platform.postgres.query("SELECT * FROM tokens"))
