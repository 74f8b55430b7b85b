"""Promise 2: the process is killed with SIGKILL before and after everything it does to the world outside.

A replica by itself, so that it must get to the point it is to die at; started again, it has the lease of the dead one to wait for.
"""

import signal
import subprocess
import threading
import time

import requests

from fleet import Fleet
from platform_under_test import BINARIES, wait_until
from witnesses import Ledger, complaints, settle

MERGE = {"Content-Type": "application/merge-patch+json"}


def fail_points():
    """As the program lists them; none in a release build."""
    return subprocess.run([BINARIES / "store-platform", "fail-points"], capture_output=True, text=True, check=True).stdout.split()


class Crashes:
    """One replica, its stores, and what each must have become in the end."""

    def __init__(self, fleet, chance):
        self.fleet, self.chance, self.replica = fleet, chance, fleet.replicas[0]
        self.ledger = Ledger(fleet.postgres.directory / "ledger.jsonl")
        self.spares, self.gone, self.remade, self.lives, self.spared, self.threads = [], set(), set(), 0, 0, []

    def prepare(self, count):
        """Ready stores, for what happens to stores that are there already."""
        self.spares += [self.fleet.create(f"Spare {self.spared + number}", ledger=self.ledger) for number in range(count)]
        self.spared += count
        settle(self.fleet)

    def hit(self, point):
        """Has the replica die at a point, and starts it again. Returns what went wrong."""
        self.replica.kill()
        before, act = self._scenario(point)
        before()
        # Written and recorded many times in the making of one store: at any of them.
        times = {"object-write": 12, "record": 3}.get(point.split(".")[0], 1)
        self.replica.start(f"{point}=kill@{self.chance.randint(1, times)}")
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        self.threads.append(thread)
        try:
            wait_until(lambda: not self.replica.is_alive, 30, "the process to end at the point", 0.02)
            return None
        except AssertionError as error:
            return str(error)
        finally:
            self.fleet.no_faults()
            self.replica.kill()
            self.replica.start()
            self.replica.wait_until_ready()

    def check(self):
        """After everything has settled."""
        for thread in self.threads:
            thread.join(60)
        settle(self.fleet)
        wait_until(lambda: not {f"store-{store_id}" for store_id in self.gone} & set(self.fleet.namespaces()), 30, "the stray namespaces to go")
        return complaints(self.fleet, self.ledger, remade=self.remade)

    # What leads to a point: something done while the replica is down, and something asked of it while it runs.

    def _scenario(self, point):
        prefix = point.split(".")[0]
        nothing = lambda: None  # noqa: E731
        return {
            "change": (nothing, self._delete), "namespace-delete": (nothing, self._delete), "pods-delete": (nothing, self._delete),
            "claims-delete": (nothing, self._delete), "beat": (self._slow_down, self._create), "hand-back": (self._slow_down, self._create_and_stop),
            "job-delete": (nothing, self._fail_and_retry), "enqueue": (self._remove_namespace, nothing), "heal": (self._open_network, nothing),
            "adopt": (lambda: self._forget(self.spares.pop()), nothing), "stray-delete": (self._forget_and_mean_it, nothing),
        }.get(prefix, (nothing, self._create))

    def _persist(self, method, path, **arguments):
        """The answer of the process that does not die of the request; None after a minute of none."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = self.fleet.request(method, path, replica=self.replica, **arguments)
                if answer.status_code == 202:
                    return answer.json()
            except requests.RequestException:
                pass
            time.sleep(0.05)
        return None

    def _create(self):
        self.lives += 1
        key = f"life-{self.lives}"
        self.ledger.note("create sent", key=key)
        made = self._persist("POST", "/stores", json={"name": f"Life {self.lives}", "engine": "woocommerce"}, headers={"Idempotency-Key": key})
        if made:
            self.ledger.note("created", key=key, id=made["id"])
        return made and made["id"]

    def _create_and_stop(self):
        self._create()
        wait_until(lambda: self.fleet.query("SELECT count(*) FROM work WHERE lease_token IS NOT NULL") != [["0"]], 10, "a pass to be under way", 0.02)
        self.replica.signal(signal.SIGTERM)

    def _delete(self):
        store_id = self.spares.pop()
        self.ledger.note("delete sent", id=store_id)
        if self._persist("DELETE", f"/stores/{store_id}"):
            self.ledger.note("deleted", id=store_id)

    def _fail_and_retry(self):
        store_id = self._create()
        path = f"{self.fleet.cluster_url}/api/v1/namespaces/store-{store_id}"
        wait_until(lambda: requests.get(path, timeout=5).status_code == 200, 20, "the namespace", 0.02)
        self._let_jobs(path, "fail:no luck")
        wait_until(lambda: self.fleet.phase(store_id) == "failed", 40, "the set-up to fail")
        self._let_jobs(path, None)
        self._persist("POST", f"/stores/{store_id}/retry")

    def _let_jobs(self, path, how):
        requests.patch(path, json={"metadata": {"annotations": {"simulator.store-platform/job": how}}}, headers=MERGE, timeout=10)

    def _slow_down(self):
        self.fleet.faults({"fault": "latency", "milliseconds": 700, "match": {"verb": "patch"}})

    def _remove_namespace(self):
        store_id = self.spares.pop()
        self.remade.add(store_id)
        requests.delete(f"{self.fleet.cluster_url}/api/v1/namespaces/store-{store_id}", timeout=10)

    def _open_network(self):
        policy = f"/apis/networking.k8s.io/v1/namespaces/store-{self.spares.pop()}/networkpolicies/default-deny"
        requests.patch(f"{self.fleet.cluster_url}{policy}", json={"spec": {"ingress": [{}]}}, headers=MERGE, timeout=10)

    def _forget(self, store_id):
        tables = ("work", "store_id"), ("store_events", "store_id"), ("audit_log", "target"), ("stores", "id")
        self.fleet.query("SET session_replication_role = replica;" + "".join(f"DELETE FROM {table} WHERE {column} = '{store_id}';" for table, column in tables))

    def _forget_and_mean_it(self):
        store_id = self.spares.pop()
        self.gone.add(store_id)
        self.ledger.forget(store_id)
        self._forget(store_id)


def crash_at_every_point(chance, seconds):
    """Every point once, and again in any order as long as there is time. Returns failures, and how often each point was hit."""
    points, failures, hits = fail_points(), [], {}
    deadline = time.monotonic() + seconds
    with Fleet(replicas=1, lease=2, environment={"STORE_PLATFORM_UNKNOWN_NAMESPACES": "delete"}) as deleting, Fleet(replicas=1, lease=2) as adopting:
        strict, lenient = Crashes(deleting, chance), Crashes(adopting, chance)
        rounds = 0
        while rounds == 0 or time.monotonic() < deadline:
            rounds += 1
            strict.prepare(2)
            lenient.prepare(12)
            for point in chance.sample(points, len(points)):
                if rounds > 1 and time.monotonic() > deadline:
                    break
                problem = (strict if point.startswith("stray-delete") else lenient).hit(point)
                if problem:
                    failures.append(f"{point}: {problem}")
        for crashes in (strict, lenient):
            failures += crashes.check()
            log = crashes.fleet.postgres.directory / "fail-points.log"
            for line in log.read_text().splitlines() if log.exists() else []:
                hits[line.split()[0]] = hits.get(line.split()[0], 0) + 1
    return failures + [f"the fail point {point} was never hit" for point in points if point not in hits], hits, len(points)
