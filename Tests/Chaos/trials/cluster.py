"""Deletions at every moment, and an API server that is sick: promises 8 and 9."""

import time

import requests

from crashes import MERGE
from fleet import Fleet
from platform_under_test import wait_until
from trials.outcome import Outcome, ledger_of, until
from witnesses import Workload, complaints, settle


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
