"""Readers of events: promise 21."""

import random
import time

from fleet import Fleet
from platform_under_test import wait_until
from trials.outcome import Outcome, ledger_of, until
from witnesses import EventReader, Workload, complaints, settle


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
