"""Tenants who pry into each other's shops while replicas are killed and tokens come and go: promise 17."""

import json
import random
import re
import string
import subprocess
import threading
import time

import requests

from fleet import Fleet
from harm import Client, Harm, issue, open_account
from platform_under_test import BINARIES
from trials.outcome import Outcome, until
from witnesses import EventReader, settle

PUBLIC = {"POST /api/v1/session", "DELETE /api/v1/session"}  # their subject is whoever asks


def one_tenant_never_sees_another(chance, seconds):
    """17: every route is asked by tenants for what is another's, and every answer of theirs searched for it; tokens are revoked meanwhile."""
    with Fleet() as fleet:
        admin = Client(fleet, chance)
        tenants = [Tenant(fleet, chance, admin) for _ in range(3)]
        revocations = Revocations(fleet, chance, tenants)
        with Harm(fleet, chance, ["create.after-commit", "change.after-commit"], pause=(0.8, 2)) as harm:
            stopping = threading.Event()
            workers = [threading.Thread(target=work, args=(stopping, tenants), daemon=True) for tenant in tenants for work in (tenant.trade, tenant.pry)]
            for thread in [*workers, *(tenant.reader for tenant in tenants)]:
                thread.start()
            for _ in until(seconds):
                revocations.one()
            stopping.set()
            for thread in workers:
                thread.join(100)
        settle(fleet, 180)
        owners = dict(fleet.query("SELECT id, account_id FROM stores UNION ALL SELECT id, account_id FROM tokens UNION ALL SELECT id, id FROM accounts"))
        failures, foreign = harm.failures + revocations.failures, 0
        for tenant in tenants:
            tenant.reader.stopping.set()
            told = tenant.seen | {store_id for store_id, _ in tenant.reader.seen}
            strange = {word for word in told if owners.get(word, tenant.account) != tenant.account} | tenant.markers
            foreign += len(strange)
            own = {word for word in told if owners.get(word) == tenant.account}
            failures += tenant.failures + [f"{tenant.account} saw {sorted(strange)[:5]}"] * bool(strange)
            if len(own) < 3 or not tenant.reader.seen:
                failures.append(f"{tenant.account} saw only {len(own)} ids of its own and {len(tenant.reader.seen)} events: nothing was tried")
        sent, pried = sum(tenant.requests for tenant in tenants) + revocations.requests, sum(tenant.pried for tenant in tenants)
    return Outcome(sent, failures, f"{len(tenants)} tenants, {sent} requests, {pried} of them for what is another's on {len(set().union(*(tenant.routes for tenant in tenants)))} routes,"
                   f" {sum(len(tenant.reader.seen) for tenant in tenants)} events by stream, {harm.told}; foreign ids seen {foreign}; {revocations.told}")


def routes():
    """Those that need a permission, as the program lists them."""
    lines = subprocess.run([BINARIES / "store-platform", "routes"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [route for route in map(json.loads, lines) if route["permission"] and f"{route['method']} {route['path']}" not in PUBLIC]


class Tenant:
    """An account whose name, and so the names of its shops, hold a word that is nowhere else."""

    def __init__(self, fleet, chance, admin):
        self.fleet, self.chance = fleet, random.Random(chance.random())
        self.account = open_account(admin, "".join(self.chance.choice(string.ascii_lowercase) for _ in range(10)))
        merchant, viewer = issue(admin, "merchant", self.account), issue(admin, "viewer", self.account)
        self.tokens = [merchant["id"], viewer["id"]]
        self.merchant, self.prier, self.viewer = (Client(fleet, chance, token["token"]) for token in (merchant, merchant, viewer))
        opened = self.merchant.insist("POST", "/session")
        self.session = {"Authorization": None, "Cookie": opened.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": opened.json()["csrfToken"]}
        self.reader = EventReader(fleet, random.Random(self.chance.random()), merchant["token"])
        # Never deleted, so that its address is taken all the while.
        self.merchant.insist("POST", "/stores", json={"name": f"{self.account} door", "engine": "woocommerce"})
        self.stores, self.seen, self.markers, self.routes, self.failures, self.pried, self.cursor = [], set(), set(), set(), [], 0, None

    @property
    def requests(self):
        return self.merchant.requests + self.prier.requests + self.viewer.requests

    def trade(self, stopping, tenants):
        """Orders, renames, deletes and looks at what is its own."""
        number = 0
        while not stopping.wait(self.chance.uniform(0.05, 0.4)):
            number += 1
            what = self.chance.choice(["order", "order", "rename", "delete", "look", "look", "look"])
            try:
                if what == "order" or len(self.stores) < 2:
                    answer = self.merchant.ask("POST", "/stores", json={"name": f"{self.account} shop {number}", "engine": "woocommerce"})
                    self.stores += [answer.json()["id"]] if answer.status_code == 202 else []
                elif what == "rename":
                    answer = self.merchant.ask("PATCH", f"/stores/{self.chance.choice(self.stores)}", json={"name": f"{self.account} renamed {number}"})
                elif what == "delete":
                    answer = self.merchant.ask("DELETE", f"/stores/{self.stores.pop(0)}")
                else:
                    store_id = self.chance.choice(self.stores)
                    pages = ["/stores?limit=200", "/accounts", "/me", "/session", "/events?limit=200&cursor=0-0", f"/stores/{store_id}", f"/stores/{store_id}/events", f"/stores/{store_id}/resources"]
                    answer = self.chance.choice([self.merchant, self.viewer]).ask("GET", self.chance.choice(pages))
                    if answer.ok:
                        self.cursor = answer.json().get("next") or self.cursor
                self._search(answer, [], tenants)
            except requests.RequestException:
                pass

    def pry(self, stopping, tenants):
        """Asks every route for what is another's; with a token or a session."""
        table = routes()
        while not stopping.wait(self.chance.uniform(0.01, 0.1)):
            other = self.chance.choice([tenant for tenant in tenants if tenant is not self])
            if not other.stores:
                continue
            route = self.chance.choice(table)
            path, body, named = self._request(route, other)
            headers = self.session if self.chance.random() < 0.3 else {}
            try:
                answer = self.prier.ask(route["method"], path, headers=headers, **({"json": body} if body else {}))
            except requests.RequestException:
                continue
            self.pried += 1
            self.routes.add(f"{route['method']} {route['path']}")
            self._search(answer, named, tenants)
            if "{id}" in route["path"] and answer.status_code not in (403, 404, 503):
                self.failures.append(f"{route['method']} {path} of {other.account} was answered {self.account} with {answer.status_code}")
            if answer.status_code == 404 and not answer.json()["code"].endswith("_not_found"):
                self.failures.append(f"{route['method']} {path} of {other.account} is 404 {answer.json()['code']}")

    def _request(self, route, other):
        """A path and a body that name what is another's, and the words of it that are in them."""
        method, path = route["method"], route["path"].removeprefix("/api/v1")
        if "{id}" in path:
            word = self.chance.choice({"stores": other.stores, "tokens": other.tokens, "accounts": [other.account]}[path.split("/")[1]])
            return path.replace("{id}", word), {"name": f"{self.account} was here"} if method == "PATCH" else None, [word]
        if method == "POST":
            slug = f"{other.account}-door"
            return path, {"/stores": {"name": f"{self.account} like it", "engine": "woocommerce", "slug": slug},
                          "/tokens": {"account": other.account, "role": "admin", "name": "mine"}, "/accounts": {"name": f"{self.account} more"}}[path], [slug, other.account]
        filters = {"/stores": [f"account={other.account}", f"q={other.account}", f"cursor={other.cursor}"], "/tokens": [f"account={other.account}"],
                   "/events": [f"cursor={other.cursor}", "cursor=0-0"], "/audit": [f"account={other.account}"], "/audit.csv": [f"account={other.account}"]}
        return f"{path}?{self.chance.choice(filters[path])}" if path in filters else path, None, [other.account]

    def _search(self, answer, named, tenants):
        """What was named in the request may come back in the words of a refusal."""
        text = f"{answer.text} {answer.headers}"
        for word in named if not answer.ok else []:
            text = text.replace(word, "")
        self.seen |= set(re.findall(r"\b[a-z0-9]{12}\b", text))
        self.markers |= {tenant.account for tenant in tenants if tenant is not self and tenant.account in text}


class Revocations:
    """Tokens that are issued, used on every replica, and revoked; how long each went on being good for."""

    def __init__(self, fleet, chance, tenants):
        self.fleet, self.chance, self.tenants, self.admin = fleet, random.Random(chance.random()), tenants, Client(fleet, chance)
        self.lags, self.streams, self.failures, self.requests = [], [], [], 0

    @property
    def told(self):
        return (f"{len(self.lags)} tokens revoked, the last that a replica let in was sent {max(self.lags):.2f} s after (promised 1),"
                f" the last of {len(self.streams)} streams ended {max(self.streams, default=0):.2f} s after")

    def one(self):
        role, tenant = self.chance.choice(["merchant", "viewer"]), self.chance.choice(self.tenants)
        issued = issue(self.admin, role, tenant.account)
        tenant.tokens.append(issued["id"])
        stopping, asked, ends = threading.Event(), [], []
        probes = [threading.Thread(target=self._probe, args=(replica, issued["token"], stopping, asked), daemon=True) for replica in self.fleet.replicas]
        probes.append(threading.Thread(target=self._follow, args=(self.chance.choice(self.fleet.replicas), issued["token"], stopping, ends), daemon=True))
        for probe in probes:
            probe.start()
        time.sleep(self.chance.uniform(0.5, 1.5))
        answer = self.admin.insist("DELETE", f"/tokens/{issued['id']}")
        revoked = time.monotonic()
        time.sleep(2.5)
        stopping.set()
        for probe in probes:
            probe.join(10)
        self.requests += len(asked)
        late = [sent - revoked for sent, status in asked if status == 200 and sent > revoked]
        self.lags.append(max(late, default=0.0))
        self.streams += [end - revoked for end in ends if end > revoked]
        if answer.status_code != 200 or not any(status == 200 for _, status in asked) or not any(status == 401 for _, status in asked):
            self.failures.append(f"the token {issued['id']} was {answer.status_code} to revoke and {sorted({status for _, status in asked})} to use")
        for what, lag in [("token", self.lags[-1]), *(("stream of the token", end - revoked) for end in ends)]:
            if lag >= 1:
                self.failures.append(f"the {what} {issued['id']} went on for {lag:.2f} s after its end")

    def _probe(self, replica, token, stopping, asked):
        """By the token, and by a session that it has opened."""
        client, cookie = Client(self.fleet, self.chance, token), None
        while not stopping.wait(0.03):
            sent = time.monotonic()
            try:
                if cookie is None:
                    opened = client.ask("POST", "/session", replica=replica)
                    cookie = opened.headers["Set-Cookie"].split(";")[0] if opened.status_code == 201 else None
                answers = [client.ask("GET", "/me", replica=replica)]
                if cookie:
                    answers.append(client.ask("GET", "/me", replica=replica, headers={"Authorization": None, "Cookie": cookie}))
                asked += [(sent, answer.status_code) for answer in answers]
            except requests.RequestException:
                pass

    def _follow(self, replica, token, stopping, ends):
        """A stream of events that is open when the token ends: when it was cut."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Last-Event-ID": "0-0"}
        try:
            with requests.get(f"{replica.url}/api/v1/events", headers=headers, stream=True, timeout=(2, 10)) as answer:
                for _ in answer.iter_content(1 << 16):
                    if stopping.is_set():
                        break
        except requests.RequestException:
            pass
        ends.append(time.monotonic())
