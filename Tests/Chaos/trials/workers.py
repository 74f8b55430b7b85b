"""Replicas that are killed, paused and restarted: promises 1, 2, 3, 4, 5 and 14."""

import concurrent.futures
import signal
import time

from crashes import crash_at_every_point
from fleet import Fleet
from platform_under_test import wait_until
from trials.outcome import Outcome, ledger_of, until
from witnesses import Workload, complaints, figures, settle


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
                list(pool.map(lambda number: fleet.create(f"Dead {rounds} {number}", ledger=ledger), range(24)))
            time.sleep(chance.uniform(0.5, 2))
            victim.kill()
            killed = time.time()
            held = [store_id for store_id, _ in leases_of(fleet, victim)]
            fleet.no_faults()

            def claims():
                listed = ", ".join(f"'{store_id}'" for store_id in held) or "''"
                return fleet.query(f"SELECT store_id, min(extract(epoch FROM at)) FROM chaos.leases WHERE store_id IN ({listed}) AND token IS NOT NULL"
                                   f" AND extract(epoch FROM at) > {killed} AND replica <> '{victim.name}' GROUP BY store_id")
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


def leases_of(fleet, replica):
    """Store and token of every lease that the replica has now."""
    return {(store_id, token) for store_id, token in fleet.query(
        "SELECT store_id, lease_token FROM work w WHERE lease_token IS NOT NULL AND"
        f" (SELECT replica FROM chaos.leases l WHERE l.store_id = w.store_id AND l.token = w.lease_token ORDER BY n LIMIT 1) = '{replica.name}'")}


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
                try:
                    _pause(fleet, victim, by_signal=chance.random() < 0.5, longer=chance.uniform(0, 5))
                    pauses += 1
                except AssertionError as error:
                    failures.append(str(error))
        fleet.no_faults()
        fleet.wait_until_ready()
        settle(fleet, 90)
        failures += complaints(fleet, ledger)
        taken = sum(replica.log.read_text(errors="replace").count("was taken over") for replica in fleet.replicas)
        calls = sum(1 for replica in fleet.replicas for call in replica.cluster.requests if call[1] != "GET")
    if not taken:
        failures.append("no lease was ever taken over: the pauses met nothing")
    return Outcome(pauses, failures, f"{pauses} pauses past the lease, {taken} leases taken over, {calls} changing calls held against the leases")


def _pause(fleet, victim, by_signal, longer):
    """Keeps the victim from its work, from a moment at which it holds a lease until another replica has taken that over, and somewhat longer."""
    def halt():
        wait_until(lambda: leases_of(fleet, victim), 30, f"{victim.name} to hold a lease")
        if by_signal:
            victim.signal(signal.SIGSTOP)
        else:
            victim.database.hole(True)
        held = leases_of(fleet, victim)
        if not held:  # it had just handed back what it held
            resume()
        return held

    def resume():
        if by_signal:
            victim.signal(signal.SIGCONT)
        else:
            victim.database.hole(False)

    held = wait_until(halt, 30, f"{victim.name} to be halted while it holds a lease")
    try:
        wait_until(lambda: not held & leases_of(fleet, victim), 30, f"the leases of {victim.name} to be taken over", 0.1)
        time.sleep(longer)
    finally:
        resume()


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
