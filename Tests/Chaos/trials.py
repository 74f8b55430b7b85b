"""One function for each promise: it does its worst for a while and returns what it saw.

Each has a fleet of its own. `chance` comes from the seed; `seconds` is how long it may go on trying.
"""

import concurrent.futures
import json
import random
import signal
import subprocess
import threading
import time

import requests

from crashes import MERGE, crash_at_every_point
from fleet import Fleet
from platform_under_test import wait_until
from witnesses import EventReader, Ledger, Workload, complaints, figures, percentile, settle


class Outcome:
    """Trials, failures, and a sentence of figures."""

    def __init__(self, trials=0, failures=(), figures=""):
        self.trials, self.failures, self.figures = trials, list(failures), figures


def until(seconds):
    """Numbers, one at least, for as long as there is time."""
    deadline, number = time.monotonic() + seconds, 0
    while number == 0 or time.monotonic() < deadline:
        yield number
        number += 1


def ledger_of(fleet):
    return Ledger(fleet.postgres.directory / "ledger.jsonl")


def acknowledged_creates_are_kept(chance, seconds):
    """1: replicas and PostgreSQL are killed while clients create and delete."""
    kills = {"replica": 0, "postgres": 0}
    with Fleet() as fleet:
        ledger = ledger_of(fleet)
        with Workload(fleet, ledger, chance):
            for _ in until(seconds):
                time.sleep(chance.uniform(0.2, 1.0))
                if chance.random() < 0.2:
                    fleet.crash_postgres()
                    kills["postgres"] += 1
                    time.sleep(chance.uniform(0, 0.5))
                    fleet.start_postgres()
                else:
                    chance.choice(fleet.replicas).kill()
                    kills["replica"] += 1
                    time.sleep(chance.uniform(0, 0.5))
                fleet.revive()
        fleet.wait_until_ready()
        took = settle(fleet)
        created = sum(len(ids) for ids in ledger.created.values())
        return Outcome(created, complaints(fleet, ledger), f"{created} creates and {len(ledger.deleted)} deletes acknowledged, replicas killed {kills['replica']},"
                       f" PostgreSQL {kills['postgres']}, agreed {took:.1f} s after")


def one_namespace_and_one_secret(chance, seconds):
    """2: kill -9 before and after every outside effect, at its first or a later time."""
    failures, hits, points = crash_at_every_point(chance, seconds)
    return Outcome(sum(hits.values()), failures, f"{len(hits)} of {points} fail points hit, {sum(hits.values())} kills")


def dead_workers_are_replaced(chance, seconds):
    """3: a replica is killed in the middle of its passes; how long until another has each of its stores. With the lease as it is delivered."""
    waits, failures, rounds = [], [], 0
    with Fleet(replicas=2, lease=30) as fleet:
        ledger = ledger_of(fleet)
        for _ in until(seconds):
            rounds += 1
            fleet.faults({"fault": "latency", "milliseconds": 400})
            victim = chance.choice(fleet.replicas)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda number: fleet.create(f"Dead {number}", ledger=ledger), range(24)))
            time.sleep(chance.uniform(0.5, 2))
            victim.kill()
            killed = time.time()
            ports = ", ".join(str(port) for port in victim.database.ports)
            held = [row[0] for row in fleet.query(
                "SELECT store_id FROM work w WHERE lease_token IS NOT NULL AND"
                f" (SELECT port FROM chaos.leases l WHERE l.store_id = w.store_id AND l.token = w.lease_token ORDER BY n LIMIT 1) IN ({ports})")]
            fleet.no_faults()

            def claims():
                listed = ", ".join(f"'{store_id}'" for store_id in held) or "''"
                return fleet.query(f"SELECT store_id, min(extract(epoch FROM at)) FROM chaos.leases WHERE store_id IN ({listed}) AND token IS NOT NULL"
                                   f" AND extract(epoch FROM at) > {killed} AND port NOT IN ({ports}) GROUP BY store_id")
            try:
                wait_until(lambda: len(claims()) == len(held), 60, "every store of the dead replica to be claimed", 0.5)
            except AssertionError as error:
                failures.append(str(error))
            waits += [float(at) - killed for _, at in claims()]
            victim.start()
            fleet.wait_until_ready()
            settle(fleet, 90)
        failures += complaints(fleet, ledger)
    failures += [f"{wait:.1f} s from kill to claim" for wait in waits if wait > 45]
    return Outcome(len(waits), failures, f"kill → next claim {figures(waits)}")


def paused_workers_write_nothing(chance, seconds):
    """4: a replica is stopped past its lease, or its database answers nothing any more, in the middle of its passes."""
    failures, pauses = [], 0
    with Fleet(replicas=2, lease=4) as fleet:
        ledger = ledger_of(fleet)
        fleet.faults({"fault": "latency", "milliseconds": 150})
        with Workload(fleet, ledger, chance, clients=2, pause=0.2):
            for _ in until(seconds):
                victim = chance.choice(fleet.replicas)
                time.sleep(chance.uniform(0.5, 1.5))
                pauses += 1
                if chance.random() < 0.5:
                    victim.signal(signal.SIGSTOP)
                    time.sleep(chance.uniform(4.5, 7))
                    victim.signal(signal.SIGCONT)
                else:
                    victim.database.hole(True)
                    time.sleep(chance.uniform(4.5, 10))
                    victim.database.hole(False)
        fleet.no_faults()
        fleet.wait_until_ready()
        settle(fleet, 90)
        failures += complaints(fleet, ledger)
        taken = sum("was taken over" in replica.log.read_text(errors="replace") for replica in fleet.replicas)
        calls = sum(1 for replica in fleet.replicas for call in replica.cluster.requests if call[1] != "GET")
    if not taken:
        failures.append("no lease was ever taken over: the pauses met nothing")
    return Outcome(pauses, failures, f"{pauses} pauses past the lease, {calls} changing calls held against the leases")


def the_queue_is_a_hint(chance, seconds):
    """5: the queue is emptied again and again and no NOTIFY arrives."""
    with Fleet(replicas=2) as fleet:
        ledger = ledger_of(fleet)
        for replica in fleet.replicas:
            replica.database.drops_notifications = True
            replica.database.cut()
        emptied = 0
        with Workload(fleet, ledger, chance, clients=2):
            for _ in until(min(seconds, 20)):
                time.sleep(chance.uniform(0.3, 1))
                fleet.query("TRUNCATE work")
                emptied += 1
        took = settle_without_queue(fleet, 120)
        dropped = sum(replica.database.notifications_dropped for replica in fleet.replicas)
        created = sum(len(ids) for ids in ledger.created.values())
        failures = complaints(fleet, ledger, leases_hold=False)
        if not dropped:
            failures.append("no notification was dropped")
        return Outcome(created, failures, f"queue emptied {emptied} times, {dropped} notifications dropped, agreed {took:.0f} s after (promised 120)")


def settle_without_queue(fleet, seconds):
    began = time.monotonic()
    wait_until(lambda: fleet.query("SELECT count(*) FROM stores WHERE phase NOT IN ('ready', 'deleted')") == [["0"]], seconds, "the stores to settle", 0.5)
    settle(fleet, seconds)
    return time.monotonic() - began


FOREIGN = {
    "store-foreignaaaaa": {"store-platform/type": "store", "store-platform/id": "foreignaaaaa", "store-platform/install": "another"},
    "store-unlabelled": {},
    "customer-database": {"store-platform/type": "store", "store-platform/id": "customerdata", "store-platform/install": "default"},
}


def plant_foreign(fleet):
    for name, labels in FOREIGN.items():
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        requests.post(f"{fleet.cluster_url}/api/v1/namespaces", json=document, timeout=10)
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours", "labels": labels}, "data": {"a": "b"}}
        requests.post(f"{fleet.cluster_url}/api/v1/namespaces/{name}/configmaps", json=config, timeout=10)
    return dump_foreign(fleet)


def dump_foreign(fleet):
    return {path: fleet.cluster(path).text for name in FOREIGN for path in (f"/api/v1/namespaces/{name}", f"/api/v1/namespaces/{name}/configmaps/ours")}


def drift_is_healed(chance, seconds):
    """6: objects and labels of stores are deleted and altered by hand, and namespaces deleted, while replicas come and go."""
    waits, failures, remade = [], [], set()
    with Fleet(replicas=2) as fleet:
        foreign = plant_foreign(fleet)
        stores = [fleet.create(f"Drift {number}", chance.choice(["woocommerce", "medusa"])) for number in range(4)]
        settle(fleet)
        for number in until(seconds):
            store_id = chance.choice(stores)
            before = _shape(fleet, store_id)
            if chance.random() < 0.2:
                victim = chance.choice(fleet.replicas)
                victim.kill()
                what = _meddle(fleet, store_id, chance)
                victim.start()
            else:
                what = _meddle(fleet, store_id, chance)
            began = time.monotonic()
            if what == "the namespace":
                remade.add(store_id)
            try:
                wait_until(lambda: _shape(fleet, store_id) == before and fleet.phase(store_id) == "ready", 90, f"{what} to be healed", 0.1)
                waits.append(time.monotonic() - began)
            except AssertionError as error:
                failures.append(f"{error}; differs in {sorted(_difference(before, _shape(fleet, store_id)))[:5]}")
        fleet.wait_until_ready()
        settle(fleet)
        failures += complaints(fleet, remade=remade)
        if dump_foreign(fleet) != foreign:
            failures.append("foreign objects were touched")
    return Outcome(len(waits) + len(failures), failures, f"healed within {figures(waits)} (promised 90 s)")


KINDS = [("/api/v1", kind) for kind in ("services", "configmaps", "resourcequotas", "limitranges", "serviceaccounts", "secrets")] + [
    ("/apis/networking.k8s.io/v1", "networkpolicies"), ("/apis/networking.k8s.io/v1", "ingresses"), ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "statefulsets"), ("/apis/batch/v1", "cronjobs")]


def _objects(fleet, store_id):
    for root, plural in KINDS:
        for item in fleet.cluster(f"{root}/namespaces/store-{store_id}/{plural}?labelSelector=app.kubernetes.io/managed-by%3Dstore-platform").json()["items"]:
            yield root, plural, item


def _shape(fleet, store_id):
    """What of a store must stay as it is, whatever its objects' uids and versions. Passwords only as long as the namespace is the same."""
    shape = {}
    namespace = fleet.cluster(f"/api/v1/namespaces/store-{store_id}").json()
    shape["namespace"] = json.dumps(namespace["metadata"].get("labels"), sort_keys=True)
    for _, plural, item in _objects(fleet, store_id):
        kept = {key: item.get(key) for key in ("spec", "data") if key in item and plural != "secrets"}
        for volatile in ("clusterIP", "clusterIPs"):
            (kept.get("spec") or {}).pop(volatile, None)
        labels = {key: value for key, value in item["metadata"].get("labels", {}).items()}
        shape[f"{plural}/{item['metadata']['name']}"] = json.dumps([kept, labels], sort_keys=True)
    return shape


def _difference(one, other):
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _meddle(fleet, store_id, chance):
    namespace = f"{fleet.cluster_url}/api/v1/namespaces/store-{store_id}"
    objects = [(root, plural, item) for root, plural, item in _objects(fleet, store_id) if plural != "secrets"]
    root, plural, item = chance.choice(objects)
    url = f"{fleet.cluster_url}{root}/namespaces/store-{store_id}/{plural}/{item['metadata']['name']}"
    name = f"{plural}/{item['metadata']['name']}"
    way = chance.choice(["delete", "delete", "label", "spec", "spec", "namespace", "namespace label"])
    if way == "namespace":
        requests.delete(namespace, timeout=10)
        return "the namespace"
    if way == "namespace label":
        label = chance.choice(["store-platform/type", "store-platform/id", "pod-security.kubernetes.io/enforce"])
        requests.patch(namespace, json={"metadata": {"labels": {label: None}}}, headers=MERGE, timeout=10)
        return f"the namespace's label {label}"
    if way == "delete" or (way == "spec" and plural not in ("networkpolicies", "deployments", "services", "resourcequotas")):
        requests.delete(url, timeout=10)
        return f"{name}, deleted,"
    if way == "label":
        label = chance.choice(["store-platform/type", "store-platform/id", "app.kubernetes.io/managed-by"])
        requests.patch(url, json={"metadata": {"labels": {label: None}}}, headers=MERGE, timeout=10)
        return f"the label {label} of {name}"
    change = {"networkpolicies": {"ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}, "deployments": {"replicas": 0},
              "services": {"selector": {"nobody": "here"}}, "resourcequotas": {"hard": {"services.nodeports": "9"}}}[plural]
    requests.patch(url + "?fieldManager=somebody", json={"spec": change}, headers=MERGE, timeout=10)
    return f"{name}, altered,"


def foreign_things_are_untouched(chance, seconds):
    """7: another installation's namespaces, forged labels, and an older database restored under a living cluster."""
    failures, restored, remade = [], 0, set()
    with Fleet(replicas=2) as fleet:
        foreign = plant_foreign(fleet)
        for number in until(seconds):
            old = [fleet.create(f"Old {number} {index}") for index in range(2)]
            settle(fleet)
            dump = fleet.postgres.directory / "dump.sql"
            subprocess.run(["pg_dump", "--clean", "--schema=public", "-f", dump, fleet.postgres.url], check=True, capture_output=True)
            # Deleted after the copy was made: what brings it back is the copy.
            gone = old[0]
            remade.add(gone)
            fleet.request("DELETE", f"/stores/{gone}")
            new = [fleet.create(f"New {number} {index}") for index in range(3)]
            wait_until(lambda: fleet.phase(gone) == "deleted", 40, "the deletion")
            settle(fleet)
            what = "SELECT id, name, slug, engine, plan, account_id, date_trunc('milliseconds', created_at) FROM stores"
            shops = {row[0]: row[1:] for row in fleet.query(f"{what} WHERE phase = 'ready'")}
            secrets = {store_id: fleet.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json()["data"] for store_id in shops}
            for replica in fleet.replicas:
                replica.kill()
            subprocess.run(["psql", "-Xq", "-f", dump, fleet.postgres.url], check=True, capture_output=True)
            fleet.revive()
            fleet.wait_until_ready()
            wait_until(lambda: all(fleet.phase(store_id) == "ready" for store_id in shops), 60, "every shop to be known again", 0.2)
            settle(fleet)
            restored += len(new)
            for store_id, values in shops.items():
                after = fleet.query(f"{what} WHERE id = '{store_id}'")[0][1:]
                if after != values:
                    failures.append(f"{store_id} came back as {after} and was {values}")
                if fleet.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json()["data"] != secrets[store_id]:
                    failures.append(f"{store_id} has other passwords")
        failures += complaints(fleet, remade=remade)
        if dump_foreign(fleet) != foreign:
            failures.append("foreign objects were touched")
    return Outcome(restored + len(FOREIGN), failures, f"{restored} shops found again under older rows, {len(FOREIGN)} foreign namespaces byte for byte the same")


def deletions_are_complete(chance, seconds):
    """8: stores are deleted at every moment of their making; a finalizer that nobody serves is told of."""
    failures, deleted = [], 0
    with Fleet(replicas=2) as fleet:
        ledger = ledger_of(fleet)
        for number in until(seconds):
            with Workload(fleet, ledger, chance, clients=4, deletes=0.7, pause=0.05):
                time.sleep(4)
            settle(fleet)
            stuck = fleet.create(f"Stuck {number}", ledger=ledger)
            wait_until(lambda: fleet.phase(stuck) == "ready", 40, "the store to be ready")
            config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
            requests.post(f"{fleet.cluster_url}/api/v1/namespaces/store-{stuck}/configmaps", json=config, timeout=10)
            fleet.request("DELETE", f"/stores/{stuck}")
            ledger.note("deleted", id=stuck)
            wait_until(lambda: "example.com/hold" in fleet.query(f"SELECT message FROM stores WHERE id = '{stuck}'")[0][0], 30, "the message to name what holds it")
            if fleet.phase(stuck) != "deleting":
                failures.append(f"{stuck} is {fleet.phase(stuck)} while a finalizer holds it")
            requests.patch(f"{fleet.cluster_url}/api/v1/namespaces/store-{stuck}/configmaps/held", json={"metadata": {"finalizers": None}},
                           headers=MERGE, timeout=10)
            wait_until(lambda: fleet.phase(stuck) == "deleted", 40, "the deletion to go on")
            settle(fleet)
        deleted = len(ledger.deleted)
        failures += complaints(fleet, ledger)
    return Outcome(deleted, failures, f"{deleted} deleted at any moment, of {sum(len(ids) for ids in ledger.created.values())}")


SICKNESS = ["tooManyRequests", "internalError", "unavailable", "resetBefore", "resetAfter", "truncate"]


def a_sick_cluster_corrupts_nothing(chance, seconds):
    """9: 30 % of all calls go wrong, each way in turn and all together; then every call is refused with 429."""
    failures, told = [], []
    with Fleet(replicas=2) as fleet:
        ledger = ledger_of(fleet)
        ways = [[way] for way in SICKNESS] + [SICKNESS]
        chance.shuffle(ways)
        share = max(2.0, (seconds - 25) / len(ways))
        with Workload(fleet, ledger, chance, clients=2, pause=0.3):
            for way in ways:
                rules = [{"fault": fault, "probability": 0.3 / len(way), **({"retryAfter": 1} if fault == "tooManyRequests" else {})} for fault in way]
                fleet.faults(*rules, {"fault": "watchCut", "after": 700}, {"fault": "watchExpired", "probability": 0.2}, seed=chance.randrange(1 << 30))
                time.sleep(share)
        fleet.no_faults()
        took = settle(fleet, 120)
        counts = [_calls(fleet) for _ in range(1)][0]
        told.append(f"agreed {took:.1f} s after, {counts['retries']} retries of {counts['calls']} calls")
        # Everything is turned away: what is still sent.
        with Workload(fleet, ledger, chance, clients=2, pause=0.1):
            fleet.faults({"fault": "tooManyRequests", "retryAfter": 1})
            time.sleep(6)
            before, began = _sent(fleet), time.monotonic()
            time.sleep(min(20, max(6, seconds / 4)))
            rate = (_sent(fleet) - before) / (time.monotonic() - began)
        fleet.no_faults()
        settle(fleet, 120)
        told.append(f"under 100 % 429 {rate:.1f} requests/s from 2 replicas, first tries, repetitions and watches")
        if rate > 40:
            failures.append(f"{rate:.1f} requests/s while every one was turned away")
        failures += complaints(fleet, ledger)
        created = sum(len(ids) for ids in ledger.created.values())
    return Outcome(created, failures, "; ".join(told))


def _sent(fleet):
    return sum(len(replica.cluster.requests) for replica in fleet.replicas)


def _calls(fleet):
    totals = {"calls": 0, "retries": 0}
    for replica in fleet.replicas:
        for line in requests.get(f"{replica.url}/metrics", timeout=10).text.splitlines():
            for name in totals:
                if line.startswith(f"store_platform_cluster_{name}_total "):
                    totals[name] += int(float(line.split()[1]))
    return totals


def ambiguous_commits_are_resolved(chance, seconds):
    """10: the connection is cut just before a COMMIT reaches the server, or just before its answer reaches us."""
    with Fleet(replicas=2) as fleet:
        ledger = ledger_of(fleet)
        rules = random.Random(chance.random())

        def rule():
            number = rules.random()
            return "before" if number < 0.1 else "after" if number < 0.2 else None
        for replica in fleet.replicas:
            replica.database.commits = rule
        with Workload(fleet, ledger, chance, clients=4, pause=0.05):
            time.sleep(max(5, min(seconds, 60)))
        for replica in fleet.replicas:
            replica.database.commits = lambda: None
        settle(fleet)
        cuts = [kind for replica in fleet.replicas for _, kind in replica.database.cuts]
        failures = complaints(fleet, ledger)
        if not cuts:
            failures.append("no COMMIT was cut")
        return Outcome(len(cuts), failures, f"{cuts.count('before')} cut before, {cuts.count('after')} after; {len(ledger.created)} creates, each once")


def postgres_may_go_away(chance, seconds):
    """13: PostgreSQL stopped, killed, read-only, its connections ended or all taken."""
    failures, recoveries, answers = [], [], []
    with Fleet(replicas=2) as fleet:
        ledger = ledger_of(fleet)
        with Workload(fleet, ledger, chance, clients=2, pause=0.2):
            ways = ["stopped", "killed", "terminated", "read-only", "exhausted"]
            chance.shuffle(ways)
            for number in until(seconds):
                if number >= len(ways) and seconds < 60:
                    break
                time.sleep(1)
                way = ways[number % len(ways)]
                down = 60 if way == "stopped" and seconds >= 120 else 4
                back = _take_away(fleet, way, down, answers, failures)
                recoveries.append(_recovery(fleet, back, failures, way))
        for replica in fleet.replicas:
            if not replica.is_alive:
                failures.append(f"replica {replica.number} has ended")
        fleet.wait_until_ready()
        settle(fleet)
        failures += complaints(fleet, ledger)
    # Behind a table that is locked a request may wait a second for a connection and the lock's own limit of 2 s for the table.
    limits = {"database_unavailable": 1.5, "timed_out": 3.5}
    failures += [f"{took:.2f} s until 503 {code}" for took, status, code in answers if status == 503 and took > limits.get(code, 1.5)]
    return Outcome(len(recoveries), failures, f"503 after {figures([took for took, status, code in answers if status == 503 and code == 'database_unavailable'])}; reads and writes back {figures(recoveries)} (promised 10 s)")


def _take_away(fleet, way, down, answers, failures):
    """Returns the moment at which it was there again."""
    if way in ("stopped", "killed"):
        (fleet.stop_postgres if way == "stopped" else fleet.crash_postgres)()
        _probe(fleet, down, answers, failures, must_fail=True)
        fleet.start_postgres()
    elif way == "terminated":
        for _ in range(3):
            fleet.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
            _probe(fleet, 0.5, answers, failures, must_fail=False)
    elif way == "read-only":
        fleet.query("ALTER SYSTEM SET default_transaction_read_only = on")
        fleet.query("SELECT pg_reload_conf()")
        _probe(fleet, down, answers, failures, must_fail=False)
        fleet.query("BEGIN READ WRITE; SET TRANSACTION READ WRITE; COMMIT")
        subprocess.run(["psql", "-Xq", fleet.postgres.url, "-c", "SET default_transaction_read_only = off", "-c", "ALTER SYSTEM RESET default_transaction_read_only",
                        "-c", "SELECT pg_reload_conf()"], check=True, capture_output=True)
    else:
        blocker = subprocess.Popen(["psql", "-Xq", fleet.postgres.url, "-c", "BEGIN; LOCK TABLE stores IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT"],
                                   stdout=subprocess.DEVNULL)
        _probe(fleet, 3, answers, failures, must_fail=False, clients=30)
        blocker.wait(20)
    return time.monotonic()


def _probe(fleet, seconds, answers, failures, must_fail, clients=4):
    """Clients that ask all the while; how long each waited and what it got."""
    deadline = time.monotonic() + seconds

    def ask(number):
        chance = random.Random(number)
        while time.monotonic() < deadline:
            began = time.monotonic()
            try:
                replica = chance.choice(fleet.replicas)
                answer = fleet.request("GET", "/stores?limit=1", replica=replica, timeout=10)
                status, code = answer.status_code, answer.json().get("code")
                asked = time.monotonic()
                live = requests.get(f"{replica.url}/livez", timeout=5).status_code
            except requests.RequestException as error:
                failures.append(f"no answer while the database was away: {error}")
                return
            answers.append((asked - began, status, code))
            if live != 200:
                failures.append("not alive while the database was away")
            if status >= 500 and status != 503:
                failures.append(f"{status} while the database was away")
            time.sleep(0.1)
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, range(clients)))
    if must_fail and not any(status == 503 for _, status, _ in answers):
        failures.append("no 503 while the database was away")


def _recovery(fleet, back, failures, way):
    for replica in fleet.replicas:
        def works():
            try:
                read = fleet.request("GET", "/stores?limit=1", replica=replica, timeout=5).status_code == 200
                name = f"Probe {random.random()}"
                write = read and fleet.request("POST", "/stores", replica=replica, json={"name": name, "engine": "woocommerce"}, timeout=5).status_code == 202
                return write
            except requests.RequestException:
                return False
        try:
            wait_until(works, 20, f"replica {replica.number} to read and write again", 0.1)
        except AssertionError as error:
            failures.append(f"{way}: {error}")
    took = time.monotonic() - back
    if took > 10:
        failures.append(f"{way}: {took:.1f} s until reads and writes were back")
    return took


def rolling_restarts_fail_no_request(chance, seconds):
    """14: SIGTERM to each replica in turn, under load, behind what sends to the ready ones only."""
    failures, stops = [], []
    with Fleet(replicas=3) as fleet:
        ledger = ledger_of(fleet)
        with Workload(fleet, ledger, chance, clients=4, ready_only=True, pause=0.05):
            time.sleep(1)
            for number in until(seconds):
                replica = fleet.replicas[number % 3]
                began = time.monotonic()
                replica.signal(signal.SIGTERM)
                code = replica.process.process.wait(timeout=45)
                stops.append(time.monotonic() - began)
                if code != 0:
                    failures.append(f"exit {code}")
                replica.start()
                replica.wait_until_ready()
                time.sleep(0.5)
        settle(fleet)
        held = fleet.query("SELECT count(*) FROM chaos.leases WHERE token IS NULL")[0][0]
        failures += [f"a request failed: {failure}" for failure in ledger.failures] + [f"{took:.0f} s until exit" for took in stops if took > 30]
        failures += complaints(fleet, ledger)
        sent = len(ledger.sent) + len(ledger.deleted)
    return Outcome(len(stops), failures, f"{sent} requests, {len(ledger.failures)} failed; exit after {figures(stops)}; {held} leases handed back")


def readers_miss_nothing(chance, seconds):
    """21: readers with cursors over every replica, commits that take their time, replicas killed."""
    with Fleet(replicas=3) as fleet:
        ledger = ledger_of(fleet)
        delays = random.Random(chance.random())
        for replica in fleet.replicas:
            replica.database.commits = lambda: delays.choice([None, None, 0.05, 0.2, 0.4])
        readers = [EventReader(fleet, random.Random(chance.random())) for _ in range(3)]
        for reader in readers:
            reader.start()
        with Workload(fleet, ledger, chance, clients=4, pause=0.1):
            for _ in until(seconds):
                time.sleep(chance.uniform(1, 3))
                victim = chance.choice(fleet.replicas)
                victim.kill()
                victim.start()
        fleet.wait_until_ready()
        settle(fleet, 90)
        told = {(store_id, int(seq)) for store_id, seq in fleet.query("SELECT store_id, seq FROM store_events")}
        failures = complaints(fleet, ledger)
        for reader in readers:
            try:
                wait_until(lambda: len(reader.seen) >= len(told), 20, "a reader to have everything")
            except AssertionError:
                pass
            reader.stopping.set()
            missed, doubled = told - set(reader.seen), len(reader.seen) - len(set(reader.seen))
            if missed or doubled:
                failures.append(f"a reader missed {len(missed)} and saw {doubled} twice, of {len(told)}")
        for reader in readers:
            reader.join(10)
        connections = sum(reader.connections for reader in readers)
    return Outcome(len(told) * len(readers), failures, f"{len(told)} events, {len(readers)} readers over {connections} connections")


PROMISES = [
    (1, "an acknowledged create is never lost", acknowledged_creates_are_kept),
    (2, "one namespace per store, passwords set once", one_namespace_and_one_secret),
    (3, "a dead worker's store is taken up", dead_workers_are_replaced),
    (4, "a paused worker writes nothing", paused_workers_write_nothing),
    (5, "the queue is a hint", the_queue_is_a_hint),
    (6, "drift is healed", drift_is_healed),
    (7, "nothing that is not ours is touched", foreign_things_are_untouched),
    (8, "a deletion is complete or says why", deletions_are_complete),
    (9, "a sick API server corrupts nothing", a_sick_cluster_corrupts_nothing),
    (10, "an ambiguous COMMIT is resolved", ambiguous_commits_are_resolved),
    (13, "PostgreSQL may go away", postgres_may_go_away),
    (14, "a rolling restart fails no request", rolling_restarts_fail_no_request),
    (21, "a reader misses nothing", readers_miss_nothing),
]
