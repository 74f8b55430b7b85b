"""Who may do what: every route of the table for every kind of caller."""

import concurrent.futures
import json
import subprocess
import time
import uuid

import pytest
import requests

from callers import Client, callers, issue, open_account, revoke
from platform_under_test import BINARIES, TOKEN, Platform, wait_until

ROUTES = [json.loads(line) for line in subprocess.run([BINARIES / "store-platform", "routes"], capture_output=True, text=True, check=True).stdout.splitlines()]
CALLERS = ["no token", "viewer", "auditor", "merchant", "another merchant", "operator", "admin", "revoked", "expired"]

# What each is answered, in the order of CALLERS. The store, the token and the account asked for belong to the merchant's account.
ANYBODY = [200] * 9
SIGNED_IN = [401, 200, 200, 200, 200, 200, 200, 401, 401]
OF_THE_ACCOUNT = [401, 200, 200, 200, 404, 200, 200, 401, 401]
EXPECTED = {
    "POST /api/v1/stores": [401, 403, 403, 202, 202, 202, 202, 401, 401],
    "GET /api/v1/stores": SIGNED_IN,
    "GET /api/v1/stores/{id}": OF_THE_ACCOUNT,
    "PATCH /api/v1/stores/{id}": [401, 403, 403, 200, 404, 200, 200, 401, 401],
    "DELETE /api/v1/stores/{id}": [401, 403, 403, 202, 404, 202, 202, 401, 401],
    "POST /api/v1/stores/{id}/retry": [401, 403, 403, 409, 404, 409, 409, 401, 401],
    "POST /api/v1/stores/{id}/credentials": [401, 403, 403, 200, 404, 200, 200, 401, 401],
    "GET /api/v1/stores/{id}/resources": OF_THE_ACCOUNT,
    "GET /api/v1/stores/{id}/events": OF_THE_ACCOUNT,
    "GET /api/v1/events": SIGNED_IN,
    "POST /api/v1/accounts": [401, 403, 403, 403, 403, 403, 201, 401, 401],
    "GET /api/v1/accounts": SIGNED_IN,
    "GET /api/v1/accounts/{id}": OF_THE_ACCOUNT,
    "PATCH /api/v1/accounts/{id}": [401, 403, 403, 403, 403, 403, 200, 401, 401],
    "DELETE /api/v1/accounts/{id}": [401, 403, 403, 403, 403, 403, 204, 401, 401],
    "POST /api/v1/tokens": [401, 403, 403, 403, 403, 403, 201, 401, 401],
    "GET /api/v1/tokens": [401, 403, 200, 200, 200, 200, 200, 401, 401],
    "GET /api/v1/tokens/{id}": [401, 403, 200, 200, 404, 200, 200, 401, 401],
    "DELETE /api/v1/tokens/{id}": [401, 403, 403, 403, 403, 403, 200, 401, 401],
    "GET /api/v1/audit": [401, 403, 200, 403, 403, 200, 200, 401, 401],
    "GET /api/v1/audit.csv": [401, 403, 200, 403, 403, 200, 200, 401, 401],
    "POST /api/v1/session": [401, 201, 201, 201, 201, 201, 201, 401, 401],
    "GET /api/v1/session": SIGNED_IN,
    "DELETE /api/v1/session": [401, 204, 204, 204, 204, 204, 204, 401, 401],
    "GET /api/v1/me": SIGNED_IN,
    "GET /api/v1/engines": SIGNED_IN,
    "GET /api/v1/plans": SIGNED_IN,
    "GET /livez": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": ANYBODY,
}
CODES = {401: "unauthenticated", 403: "forbidden"}


def unique(prefix):
    return f"{prefix} {uuid.uuid4().hex[:12]}"


class House:
    def __init__(self, platform):
        self.platform = platform
        self.account, self.other = open_account(platform, "Teapots"), open_account(platform, "Kettles")
        self.callers = callers(platform, self.account, self.other)

    def store(self):
        answer = self.callers["merchant"].call("POST", "/api/v1/stores", json={"name": unique("Shop"), "engine": "woocommerce"})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def request(self, route):
        """A path and a body that the route takes, on something of its own: what one caller does is not seen by the next."""
        method, path = route["method"], route["path"]
        body = None
        if path.startswith("/api/v1/stores/{id}"):
            path = path.replace("{id}", self.store())
            if path.endswith("/credentials"):
                self.platform.wait_for_phase(path.split("/")[4], "ready")
            body = {"name": unique("New name")} if method == "PATCH" else None
        elif path == "/api/v1/stores" and method == "POST":
            body = {"name": unique("Shop"), "engine": "woocommerce"}
        elif path == "/api/v1/accounts/{id}":
            path = path.replace("{id}", open_account(self.platform, unique("Brief")) if method == "DELETE" else self.account)
            body = {"name": "Teapots"} if method == "PATCH" else None
        elif path == "/api/v1/accounts" and method == "POST":
            body = {"name": unique("Account")}
        elif path == "/api/v1/tokens/{id}":
            path = path.replace("{id}", issue(self.platform, "viewer", self.account).token_id)
        elif path == "/api/v1/tokens" and method == "POST":
            body = {"account": self.account, "role": "viewer", "name": "Somebody"}
        return method, path, body


@pytest.fixture(scope="module")
def house():
    with Platform(pod_delay=0) as platform:
        yield House(platform)


@pytest.fixture(scope="module")
def platform(house):
    return house.platform


def test_every_route_is_in_the_matrix():
    assert {f"{route['method']} {route['path']}" for route in ROUTES} == set(EXPECTED)
    assert all((route["permission"] is None) == (EXPECTED[f"{route['method']} {route['path']}"] == ANYBODY) for route in ROUTES)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route['method']} {route['path']}")
def test_every_route_for_every_caller(house, route, caller):
    status = EXPECTED[f"{route['method']} {route['path']}"][CALLERS.index(caller)]
    method, path, body = house.request(route)
    answer = house.callers[caller].call(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code == status, answer.text
    if status in CODES:
        assert answer.json()["code"] == CODES[status]
    if status == 404:  # as if it were not there
        nobody = path.replace(path.split("/")[4], "abcdefghijkm" if "/stores/" in path else "nobody")
        absent = house.callers[caller].call(method, nobody, **({} if body is None else {"json": body})).json()
        for document in (answer_document := answer.json(), absent):
            document.pop("requestId")
        assert json.loads(json.dumps(answer_document).replace(path.split("/")[4], "x")) == json.loads(json.dumps(absent).replace(nobody.split("/")[4], "x"))
    if status == 403:
        assert answer.json()["permission"] == route["permission"]


def items(client, path):
    return client.call("GET", path).json()["items"]


def test_lists_hold_what_the_caller_may_see(house):
    mine, theirs = house.store(), None
    theirs = house.callers["another merchant"].call("POST", "/api/v1/stores", json={"name": unique("Shop"), "engine": "woocommerce"}).json()["id"]
    for name in ("merchant", "viewer"):
        client = house.callers[name]
        assert {store["account"] for store in items(client, "/api/v1/stores?limit=200")} == {house.account}
        assert items(client, f"/api/v1/stores?account={house.other}") == []
        assert [account["id"] for account in items(client, "/api/v1/accounts")] == [house.account]
    assert {token["account"] for token in items(house.callers["merchant"], "/api/v1/tokens?limit=200")} == {house.account}
    for name in ("operator", "admin", "auditor"):
        seen = {store["id"] for store in items(house.callers[name], "/api/v1/stores?limit=200")}
        assert {mine, theirs} <= seen
    house.platform.wait_for_phase(theirs, "ready")
    for name, account in (("merchant", house.account), ("another merchant", house.other)):
        stores = {store["id"] for store in items(house.callers[name], "/api/v1/stores?limit=200")}
        events = {event["storeId"] for event in items(house.callers[name], "/api/v1/events?limit=200")}
        gone = {row[0] for row in house.platform.postgres.query(f"SELECT id FROM stores WHERE account_id = '{account}'")}
        assert events and events <= gone and stores <= gone


def stream_ids(client, path, seconds):
    """The stores that a stream tells of in a while, and whether it was cut."""
    seen, deadline = set(), time.monotonic() + seconds
    try:
        with requests.get(f"{client.url}{path}", headers={"Authorization": f"Bearer {client.token}", "Accept": "text/event-stream", "Last-Event-ID": "0-0"},
                          stream=True, timeout=seconds) as stream:
            assert stream.status_code == 200, stream.text
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("data: "):
                    seen.add(json.loads(line[6:])["storeId"])
                if time.monotonic() > deadline:
                    return seen, False
    except requests.RequestException as error:
        return seen, not isinstance(error, requests.ReadTimeout) and "timed out" not in str(error)
    return seen, True


def test_a_stream_tells_of_the_callers_stores_only(house):
    theirs = house.callers["another merchant"].call("POST", "/api/v1/stores", json={"name": unique("Shop"), "engine": "woocommerce"}).json()["id"]
    mine = house.store()
    seen, _ = stream_ids(house.callers["merchant"], "/api/v1/events", 2)
    assert mine in seen and theirs not in seen


def test_a_stream_ends_when_its_token_is_revoked(house):
    client = issue(house.platform, "viewer", house.account)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reading = pool.submit(stream_ids, client, "/api/v1/events", 10)
        time.sleep(1)
        revoke(house.platform, client)
        began = time.monotonic()
        _, was_cut = reading.result()
    assert was_cut and time.monotonic() - began < 3


def test_a_token_is_shown_once_and_stored_nowhere(house):
    client = issue(house.platform, "merchant", house.account)
    prefix, key, secret = client.token.split("_")
    assert (prefix, key, len(secret)) == ("sp", client.token_id, 64)
    shown = house.callers["admin"].call("GET", f"/api/v1/tokens/{key}").json()
    assert "token" not in shown and secret not in json.dumps(shown)
    assert client.call("GET", "/api/v1/me").json() == {"account": house.account, "role": "merchant", "name": f"merchant of {house.account}"}
    used = house.callers["admin"].call("GET", f"/api/v1/tokens/{key}").json()["lastUsedAt"]
    client.call("GET", "/api/v1/me")
    assert used and house.callers["admin"].call("GET", f"/api/v1/tokens/{key}").json()["lastUsedAt"] == used
    tables = ["tokens", "audit_log", "accounts", "sessions", "store_events"]
    everything = house.platform.service.log.read_text() + "".join(str(house.platform.postgres.query(f"SELECT * FROM {table}")) for table in tables)
    assert secret not in everything and TOKEN not in everything
    for wrong in (f"sp_{key}_{'0' * 64}", f"sp_{key}_", f"sp_nobody_{secret}", f"sp_administrator_{secret}", secret):
        assert Client(client.url, wrong).call("GET", "/api/v1/me").status_code == 401


def test_a_token_pasted_where_its_id_belongs_is_written_nowhere(house):
    client = issue(house.platform, "merchant", house.account)
    for method in ("GET", "DELETE"):
        assert house.callers["admin"].call(method, f"/api/v1/tokens/{client.token}").json()["code"] == "token_not_found"
    assert house.platform.postgres.query(f"SELECT target, result FROM audit_log WHERE target LIKE '%{client.token_id}\\_%'") == [[f"sp_{client.token_id}_…", "token_not_found"]]
    assert client.token not in house.platform.service.log.read_text()
    assert client.call("GET", "/api/v1/me").status_code == 200


def test_a_revocation_has_effect_within_a_second_on_every_replica(house):
    with replicas(house.platform, 2) as urls:
        for _ in range(3):
            client = issue(house.platform, "viewer", house.account)
            clients = [Client(url, client.token) for url in urls]
            assert {one.call("GET", "/api/v1/me").status_code for one in clients} == {200}
            revoke(house.platform, client)
            time.sleep(1)
            assert {one.call("GET", "/api/v1/me").status_code for one in clients} == {401}


class replicas:
    """More processes of the service on the same database; their URLs, with the first's."""

    def __init__(self, platform, count, **environment):
        from platform_under_test import Process, free_port
        self.platform, self.processes, self.urls = platform, [], [platform.url]
        for number in range(count):
            port = free_port()
            settings = {**platform.settings, "STORE_PLATFORM_LISTEN": f"127.0.0.1:{port}", "STORE_PLATFORM_ROLE": "api", **environment}
            log = platform.postgres.directory / f"replica.{port}.log"
            self.processes.append(Process([BINARIES / "store-platform", "serve"], settings, log))
            self.urls.append(f"http://127.0.0.1:{port}")

    def __enter__(self):
        for process in self.processes:
            process.start()
        for url in self.urls:
            def answers(url=url):
                try:
                    return requests.get(f"{url}/readyz", timeout=2).status_code == 200
                except requests.ConnectionError:
                    return False
            wait_until(answers, 15, f"{url} to be ready")
        return self.urls

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()


# Quotas.

def order(client, name=None, plan="small", **headers):
    return client.call("POST", "/api/v1/stores", json={"name": name or unique("Shop"), "engine": "woocommerce", "plan": plan}, headers=headers)


def test_a_quota_is_exact_when_64_race_over_three_replicas(house):
    account = open_account(house.platform, unique("Racers"), stores=5)
    merchant = issue(house.platform, "merchant", account)
    with replicas(house.platform, 2) as urls, concurrent.futures.ThreadPoolExecutor(64) as pool:
        clients = [Client(urls[number % 3], merchant.token) for number in range(64)]
        answers = list(pool.map(order, clients))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [409] * 59
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "quota_exceeded" and "may have 5 stores and has 5" in refused["detail"]
    assert house.platform.postgres.query(f"SELECT count(*) FROM stores WHERE account_id = '{account}'") == [["5"]]
    used = house.callers["admin"].call("GET", f"/api/v1/accounts/{account}").json()["used"]
    assert used["stores"] == 5 and used["cpu"] == "750m"
    # A place is free again when the namespace is gone, and not before.
    first = next(answer.json()["id"] for answer in answers if answer.status_code == 202)
    merchant.call("DELETE", f"/api/v1/stores/{first}")
    house.platform.wait_for_phase(first, "deleted")
    assert order(merchant).status_code == 202
    assert order(merchant).status_code == 409


@pytest.mark.parametrize("quota, words", [
    ({"cpu": "200m"}, "may have 200m of CPU, has 150m and would need 150m more"),
    ({"memory": "300Mi"}, "may have 300Mi of memory, has 256Mi and would need 256Mi more"),
    ({"storage": "3Gi"}, "may have 3Gi of storage, has 2Gi and would need 2Gi more"),
], ids=["cpu", "memory", "storage"])
def test_sums_of_plans_are_limited_too(house, quota, words):
    merchant = issue(house.platform, "merchant", open_account(house.platform, unique("Limited"), **quota))
    assert order(merchant).status_code == 202
    answer = order(merchant)
    assert answer.status_code == 409 and words in answer.json()["detail"]


def test_the_same_key_at_once_gives_one_store_also_where_a_quota_has_room_for_one(house):
    merchant = issue(house.platform, "merchant", open_account(house.platform, unique("Single"), stores=1))
    name = unique("Keyed")
    with replicas(house.platform, 1) as urls, concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: order(Client(urls[number % 2], merchant.token), name, **{"Idempotency-Key": "one"}), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_quota_can_be_changed_and_taken_away(house):
    account = open_account(house.platform, unique("Growing"), stores=0)
    merchant, admin = issue(house.platform, "merchant", account), house.callers["admin"]
    path = f"/api/v1/accounts/{account}"
    assert order(merchant).status_code == 409
    before = admin.call("GET", path)
    assert admin.call("PATCH", path, json={"quota": {"stores": 1, "cpu": "2", "memory": "4Gi"}}, headers={"If-Match": '"7"'}).status_code == 412
    changed = admin.call("PATCH", path, json={"quota": {"stores": 1, "cpu": "2", "memory": "4Gi"}}, headers={"If-Match": before.headers["ETag"]})
    assert changed.json()["quota"] == {"stores": 1, "cpu": "2", "memory": "4Gi", "storage": None}
    assert order(merchant).status_code == 202 and order(merchant).status_code == 409
    assert admin.call("PATCH", path, json={"quota": {"stores": None}}).json()["quota"] == {"stores": None, "cpu": "2", "memory": "4Gi", "storage": None}
    assert order(merchant).status_code == 202
    assert house.platform.postgres.query(
        "SELECT stores, quota_stores, round(cpu_cores, 2), round(quota_cpu_cores), pg_size_pretty(memory_bytes), pg_size_pretty(quota_memory_bytes),"
        f" pg_size_pretty(storage_bytes), quota_storage_bytes FROM reporting.quota_use WHERE account = '{account}'") == [["2", "", "0.30", "2", "512 MB", "4096 MB", "4096 MB", ""]]


@pytest.mark.parametrize("quota", [{"stores": -1}, {"stores": "5"}, {"stores": 1.5}, {"stores": 10**18}, {"cpu": 2}, {"cpu": "-1"}, {"cpu": "1e3"}, {"cpu": "2Gi"},
                                   {"cpu": "0.0001"}, {"memory": "4 Gi"}, {"memory": "Gi"}, {"memory": "9" * 400}, {"disk": "1Gi"}, [], "5"], ids=str)
def test_a_quota_that_cannot_be_is_422(house, quota):
    answer = house.callers["admin"].call("POST", "/api/v1/accounts", json={"name": unique("Odd"), "quota": quota})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"].startswith("quota"), answer.text


def test_the_platforms_own_limit_holds_for_all_accounts():
    with Platform(pod_delay=0, environment={"STORE_PLATFORM_MAX_STORES": "2"}) as platform:
        merchants = [issue(platform, "merchant", open_account(platform, name)) for name in ("One", "Two", "Three")]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda number: order(merchants[number % 3]), range(12)))
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [409] * 10
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"platform_full"}


# Accounts and tokens.

def test_an_account_is_closed_when_its_stores_are_gone_and_its_tokens_end_with_it(house):
    account = open_account(house.platform, unique("Leaving"))
    merchant, admin = issue(house.platform, "merchant", account), house.callers["admin"]
    store = order(merchant).json()["id"]
    answer = admin.call("DELETE", f"/api/v1/accounts/{account}")
    assert answer.status_code == 409 and answer.json()["code"] == "account_in_use"
    merchant.call("DELETE", f"/api/v1/stores/{store}")
    house.platform.wait_for_phase(store, "deleted")
    assert admin.call("DELETE", f"/api/v1/accounts/{account}").status_code == 204
    assert admin.call("DELETE", f"/api/v1/accounts/{account}").status_code == 404
    time.sleep(1)
    assert merchant.call("GET", "/api/v1/me").status_code == 401
    taken = admin.call("POST", "/api/v1/accounts", json={"name": "Again", "id": account})
    assert taken.status_code == 409 and taken.json()["code"] == "account_taken"
    issued = admin.call("POST", "/api/v1/tokens", json={"account": account, "role": "viewer", "name": "Late"})
    assert issued.status_code == 422 and issued.json()["errors"][0]["field"] == "account"


def test_what_the_installation_needs_cannot_be_taken_away(house):
    admin = house.callers["admin"]
    assert admin.call("DELETE", "/api/v1/accounts/default").json()["code"] == "account_needed"
    assert admin.call("DELETE", "/api/v1/tokens/administrator").json()["code"] == "token_configured"


@pytest.mark.parametrize("change", [{"role": "root"}, {"role": None}, {"name": " "}, {"name": "a\u202eb"}, {"account": "nobody"}, {"expiresAt": "2020-01-01T00:00:00Z"},
                                    *({"expiresAt": f"{year}-01-01T00:00:00Z"} for year in (10_000, 292_278, 300_000, 10**12, 2**63 - 1)), {"expiresAt": "9999-12-31T23:59:59-00:01"},
                                    {"expiresAt": "tomorrow"}, {"expiresAt": 5}, {"id": "mine"}, {"token": "sp_a_b"}, {"createdBy": "me"}], ids=str)
def test_a_token_that_cannot_be_is_422_and_names_the_field(house, change):
    body = {"account": house.account, "role": "viewer", "name": "Somebody", **change}
    answer = house.callers["admin"].call("POST", "/api/v1/tokens", json=body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] in change, answer.text


def test_changes_of_accounts_and_tokens_are_in_the_audit_log(house):
    account = open_account(house.platform, unique("Watched"), stores=1)
    client = issue(house.platform, "viewer", account)
    revoke(house.platform, client)
    house.callers["admin"].call("PATCH", f"/api/v1/accounts/{account}", json={"quota": {"stores": 2}})
    house.callers["admin"].call("DELETE", f"/api/v1/accounts/{account}")
    rows = house.platform.postgres.query(f"SELECT action FROM audit_log WHERE target IN ('{account}', '{client.token_id}') AND result = 'ok' ORDER BY at, id")
    assert [row[0] for row in rows] == ["account.open", "token.issue", "token.revoke", "account.change", "account.close"]


def test_pages_of_accounts_and_tokens_walk_each_once(house):
    for path in ("/api/v1/accounts", "/api/v1/tokens"):
        whole = [item["id"] for item in items(house.callers["admin"], f"{path}?limit=200")]
        seen, cursor = [], None
        while True:
            page = house.callers["admin"].call("GET", f"{path}?limit=3" + (f"&cursor={cursor}" if cursor else "")).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == whole and len(set(seen)) == len(seen)
