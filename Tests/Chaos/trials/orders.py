"""Orders of many at once, over replicas that are killed: promises 11 and 12."""

import concurrent.futures

import requests

from crashes import MERGE
from fleet import Fleet
from harm import Client, Harm, issue, open_account
from platform_under_test import wait_until
from trials.outcome import Outcome, ledger_of, until
from witnesses import complaints, settle

POINTS = ["create.before-commit", "create.after-commit"]


def keys_have_one_effect(chance, seconds):
    """11: eight clients send one key and body at once; then another body, another caller, and again when who answered has been killed."""
    failures, sent, keys = [], 0, {}
    with Fleet() as fleet:
        ledger, admin = ledger_of(fleet), Client(fleet, chance)
        stranger = issue(admin, "merchant", open_account(admin, "strangers"))["token"]
        with Harm(fleet, chance, POINTS) as harm, concurrent.futures.ThreadPoolExecutor(9) as pool:
            for number in until(seconds):
                key = f"key-{number}-{chance.getrandbits(40)}"
                clients = [Client(fleet, chance) for _ in range(8)]
                other = Client(fleet, chance, stranger)
                ledger.note("create sent", key=key)
                theirs = pool.submit(_order, other, key, f"Strange {number}")
                answers = list(pool.map(lambda client: _order(client, key, f"Keyed {number}"), clients))
                told = {_effect(answer) for answer in answers}
                harm.kill(clients[0].asked)
                told.add(_effect(_order(clients[1], key, f"Keyed {number}")))
                if len(told) != 1 or answers[0].status_code != 202:
                    failures.append(f"the key {key} was answered with {sorted(told)}")
                    continue
                keys[key] = {answers[0].json()["id"], theirs.result().json().get("id")}
                ledger.note("created", key=key, id=answers[0].json()["id"])
                if theirs.result().status_code != 202 or len(keys[key]) != 2:
                    failures.append(f"another caller's {key} was answered with {_effect(theirs.result())}")
                reused = _order(clients[2], key, f"Other {number}")
                if (reused.status_code, reused.json()["code"]) != (422, "idempotency_key_reused"):
                    failures.append(f"another body with {key} was answered with {reused.status_code} {reused.text[:200]}")
                sent += sum(client.requests for client in [*clients, other])
        settle(fleet, 180)
        made = {}
        for key, store_id, audited, told_of in fleet.query(
                "SELECT idempotency_key, id, (SELECT count(*) FROM audit_log WHERE target = s.id AND action = 'store.create' AND result = 'ok'),"
                " (SELECT count(*) FROM store_events WHERE store_id = s.id AND type = 'created') FROM stores s WHERE idempotency_key IS NOT NULL"):
            made.setdefault(key, set()).add(store_id)
            if (audited, told_of) != ("1", "1"):
                failures.append(f"{store_id} of the key {key} has {audited} records of its creation and {told_of} events")
        doubled = {key: ids for key, ids in made.items() if ids != keys.get(key)}
        failures += [f"the key {key} made {ids}, and {keys.get(key)} were told" for key, ids in doubled.items()]
        failures += complaints(fleet, ledger) + harm.failures
        return Outcome(len(keys), failures, f"{len(keys)} keys of 8 clients each and of another caller, {sent} requests, {harm.told}; {len(doubled)} keys with another effect than one")


def _order(client, key, name):
    return client.insist("POST", "/stores", json={"name": name, "engine": "woocommerce"}, headers={"Idempotency-Key": key})


def _effect(answer):
    """What must be the same in every answer to one key."""
    return answer.status_code, answer.json().get("id") or answer.json().get("code"), answer.headers.get("Location")


CLIENTS = 64
UNITS = {"cpu": ("m", 1), "memory": ("Mi", 1 << 20), "storage": ("Gi", 1 << 30)}


def quotas_are_exact(chance, seconds):
    """12: 64 clients race for the five places of an account, and for a sum of CPU, memory or storage; a place is held until the namespace is gone."""
    failures, freed, rounds = [], 0, []
    with Fleet() as fleet:
        admin = Client(fleet, chance)
        plans = {plan["id"]: {name: int(plan[name].removesuffix(unit)) for name, (unit, _) in UNITS.items()} for plan in admin.insist("GET", "/plans").json()["items"]}
        with Harm(fleet, chance, POINTS) as harm, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for number in until(seconds):
                race = Race(fleet, pool, chance, admin, f"racers-{number}", {"stores": 5})
                race.run(["small"])
                rounds.append(race)
                if race.held != 5:
                    race.failures.append(f"{race.held} stores against a quota of 5")
                elif not race.failures:
                    race.free_a_place()
                    freed += 1
                name = chance.choice(sorted(UNITS))
                amount = chance.randint(3 * plans["small"][name], 3 * max(plan[name] for plan in plans.values()))
                race = Race(fleet, pool, chance, admin, f"sums-{number}", {name: f"{amount}{UNITS[name][0]}"})
                race.run(sorted(plans))
                rounds.append(race)
                race.compare_sum(name, amount, plans)
        settle(fleet, 180)
        # By the log's times, which are taken in the order of the commits.
        beyond = fleet.query(
            "SELECT account_id, max(living) FROM (SELECT account_id, sum(step) OVER (PARTITION BY account_id ORDER BY at, step) AS living FROM ("
            " SELECT s.account_id, a.at, 1 AS step FROM stores s JOIN audit_log a ON a.target = s.id AND a.action = 'store.create' AND a.result = 'ok'"
            " UNION ALL SELECT s.account_id, e.at, -1 FROM stores s JOIN store_events e ON e.store_id = s.id AND e.type = 'phase_changed' AND e.phase = 'deleted') AS steps) AS moments"
            " JOIN accounts ON accounts.id = account_id WHERE quota_stores IS NOT NULL GROUP BY account_id, quota_stores HAVING max(living) <> quota_stores")
        failures += [f"{account} had {most} living stores at a moment" for account, most in beyond]
        failures += [failure for race in rounds for failure in race.failures] + complaints(fleet) + harm.failures
    return Outcome(len(rounds), failures, f"{len(rounds)} races of {CLIENTS}, {sum(race.requests for race in rounds)} requests, {harm.told}; over {sum(race.over for race in rounds)},"
                   f" under {sum(race.under for race in rounds)}; {freed} places refused while the namespace was there and taken once after")


class Race:
    """One account with a quota, and all who want something of it at once."""

    def __init__(self, fleet, pool, chance, admin, account, quota):
        self.fleet, self.pool, self.chance, self.account = fleet, pool, chance, open_account(admin, account, **quota)
        self.token = issue(admin, "merchant", account)["token"]
        self.taken, self.refused, self.failures, self.requests, self.over, self.under = [], [], [], 0, 0, 0

    @property
    def held(self):
        return int(self.fleet.query(f"SELECT count(*) FROM stores WHERE account_id = '{self.account}' AND phase <> 'deleted'")[0][0])

    def run(self, plans, clients=CLIENTS, turn=0):
        """Returns who got a place now."""
        def order(runner):
            client, plan = runner
            key = f"{self.account}-{turn}-{client.chance.getrandbits(60)}"
            body = {"name": f"{self.account} {key}", "engine": "woocommerce", "plan": plan}
            answer = client.insist("POST", "/stores", json=body, headers={"Idempotency-Key": key})
            return plan, answer, client.requests
        runners = [(Client(self.fleet, self.chance, self.token), self.chance.choice(plans)) for _ in range(clients)]
        got = []
        for plan, answer, requests_sent in self.pool.map(order, runners):
            self.requests += requests_sent
            if answer.status_code == 202:
                got.append(answer.json()["id"])
            elif (answer.status_code, answer.json().get("code")) == (409, "quota_exceeded"):
                self.refused.append(plan)
            else:
                self.failures.append(f"{self.account}: {answer.status_code} {answer.text[:200]}")
        self.taken += got
        if len(set(self.taken)) != len(self.taken):
            self.failures.append(f"{self.account}: one store for two orders")
        if turn == 0 and plans == ["small"]:
            self.over, self.under = max(0, max(len(got), self.held) - 5), max(0, 5 - min(len(got), self.held))
        return got

    def compare_sum(self, name, amount, plans):
        """No more than the quota, and nobody was refused for whom there is room still."""
        factor = UNITS[name][1]
        held = int(self.fleet.query(f"SELECT coalesce(sum({name}), 0)::bigint FROM stores WHERE account_id = '{self.account}' AND phase <> 'deleted'")[0][0])
        self.over, self.under = int(held > amount * factor), sum(held + plans[plan][name] * factor <= amount * factor for plan in self.refused)
        if self.over or self.under or self.held != len(self.taken):
            self.failures.append(f"{self.account}: {held} of {amount * factor} {name}, refused {self.refused}, {self.held} stores for {len(self.taken)} accepted orders")

    def free_a_place(self):
        """The namespace of a store that is deleted is held by a finalizer: its place is not free until it is let go."""
        store_id = self.chance.choice(self.taken)
        wait_until(lambda: self.fleet.phase(store_id) == "ready", 90, f"{store_id} to be ready", 0.1)
        held = f"{self.fleet.cluster_url}/api/v1/namespaces/store-{store_id}/configmaps"
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
        requests.post(held, json=config, timeout=10)
        Client(self.fleet, self.chance, self.token).insist("DELETE", f"/stores/{store_id}")
        if self.run(["small"], clients=4, turn=1):
            self.failures.append(f"{self.account}: the place of {store_id} was given away while its namespace was there")
        requests.patch(f"{held}/held", json={"metadata": {"finalizers": None}}, headers=MERGE, timeout=10)
        wait_until(lambda: self.fleet.phase(store_id) == "deleted", 90, f"{store_id} to be deleted", 0.1)
        if len(self.run(["small"], clients=8, turn=2)) != 1:
            self.failures.append(f"{self.account}: the place of {store_id} was not given away once")
