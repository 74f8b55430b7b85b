"""COMMITs without an answer, and a PostgreSQL that goes away: promises 10 and 13."""

import concurrent.futures
import random
import subprocess
import time

import requests

from fleet import Fleet
from platform_under_test import wait_until
from trials.outcome import Outcome, ledger_of, until
from witnesses import Workload, complaints, figures, settle


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
