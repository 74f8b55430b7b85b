"""Witnesses that stand outside of what they watch: a ledger of what clients were told, every lease and every call, invariants in SQL,
and the cluster itself."""

import bisect
import datetime
import json
import pathlib
import threading
import time
import urllib.parse

import requests

from platform_under_test import TOKEN, wait_until


class Ledger:
    """One line for each request that is sent and for each 2xx that comes back."""

    def __init__(self, path):
        self.file, self.lock = open(path, "a", encoding="utf-8"), threading.Lock()
        self.sent, self.created, self.deleted, self.failures = set(), {}, set(), []
        # Asked to go, perhaps without an answer: may be gone, may be there.
        self.maybe_deleted = set()

    def note(self, what, **more):
        with self.lock:
            self.file.write(json.dumps({"at": time.time(), "what": what, **more}) + "\n")
            self.file.flush()
            if what == "create sent":
                self.sent.add(more["key"])
            elif what == "created":
                self.created.setdefault(more["key"], set()).add(more["id"])
            elif what == "delete sent":
                self.maybe_deleted.add(more["id"])
            elif what == "deleted":
                self.deleted.add(more["id"])
            elif what == "failed":
                self.failures.append(more)

    def forget(self, store_id):
        """Nothing is promised of it any more."""
        with self.lock:
            for ids in self.created.values():
                ids.discard(store_id)
            self.created = {key: ids for key, ids in self.created.items() if ids}

    @property
    def living(self):
        """Acknowledged and not asked to go."""
        return {store_id for ids in self.created.values() for store_id in ids} - self.deleted


class Workload:
    """Clients that create and delete, and repeat what was not answered with the same key."""

    def __init__(self, fleet, ledger, chance, clients=3, ready_only=False, deletes=0.4, pause=0.1):
        self.fleet, self.ledger, self.chance = fleet, ledger, chance
        self.ready_only, self.deletes, self.pause = ready_only, deletes, pause
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]
        self.balanced = list(fleet.replicas)
        if ready_only:
            self.threads.append(threading.Thread(target=self._balance, daemon=True))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def _balance(self):
        """What a load balancer does: who says that it is not ready gets no more."""
        while not self.stopping.is_set():
            self.balanced = [replica for replica in self.fleet.replicas if replica.is_ready]
            self.stopping.wait(0.1)

    def _run(self, number):
        count = 0
        while not self.stopping.is_set():
            count += 1
            with self.ledger.lock:
                mine = [store_id for store_id in self.ledger.living if int(store_id, 36) % len(self.threads) == number % len(self.threads)]
            if mine and self.chance.random() < self.deletes:
                self._delete(self.chance.choice(mine))
            else:
                self._create(f"Shop {number} {count}", f"{number}-{count}-{self.chance.random()}")
            self.stopping.wait(self.chance.uniform(0, 2 * self.pause))

    def _send(self, method, path, **arguments):
        """The answer; None where there was none."""
        replicas = self.balanced if self.ready_only else self.fleet.replicas
        if not replicas:
            self.stopping.wait(0.05)
            return None
        try:
            return self.fleet.request(method, path, replica=self.chance.choice(replicas), timeout=15, **arguments)
        except requests.RequestException as error:
            self.ledger.note("failed", path=path, error=str(error)[:200])
            return None

    def _create(self, name, key):
        engine = self.chance.choice(["woocommerce", "medusa"])
        for _ in range(400):
            self.ledger.note("create sent", key=key)
            answer = self._send("POST", "/stores", json={"name": name, "engine": engine}, headers={"Idempotency-Key": key})
            if answer is not None and answer.status_code == 202:
                return self.ledger.note("created", key=key, id=answer.json()["id"])
            if answer is not None and answer.status_code < 500:
                return self.ledger.note("refused", key=key, status=answer.status_code, body=answer.text[:300])
            if answer is not None:
                self.ledger.note("failed", path="/stores", error=f"{answer.status_code} {answer.text[:200]}")
            if self.stopping.wait(0.1):
                return None
        return None

    def _delete(self, store_id):
        self.ledger.note("delete sent", id=store_id)
        for _ in range(400):
            answer = self._send("DELETE", f"/stores/{store_id}")
            if answer is not None and answer.status_code == 202:
                return self.ledger.note("deleted", id=store_id)
            if answer is not None and answer.status_code >= 500:
                self.ledger.note("failed", path="/stores/id", error=f"{answer.status_code} {answer.text[:200]}")
            if self.stopping.wait(0.1):
                return None
        return None


class EventReader(threading.Thread):
    """Follows all events over a stream, from replica to replica, going on where it was."""

    def __init__(self, fleet, chance, token=TOKEN):
        super().__init__(daemon=True)
        self.fleet, self.chance, self.token, self.seen, self.stopping, self.last = fleet, chance, token, [], threading.Event(), "0-0"
        self.connections = 0

    def run(self):
        while not self.stopping.is_set():
            replica = self.chance.choice(self.fleet.replicas)
            headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream", "Last-Event-ID": self.last}
            try:
                with requests.get(f"{replica.url}/api/v1/events", headers=headers, stream=True, timeout=(2, 3)) as answer:
                    if answer.status_code == 200:
                        self.connections += 1
                        self._read(answer)
            except requests.RequestException:
                self.stopping.wait(0.05)

    def _read(self, answer):
        """An event counts when its blank line has come, and its id with it."""
        event_id, data = None, None
        for line in answer.iter_lines(chunk_size=1):
            if self.stopping.is_set():
                return
            text = line.decode()
            if text.startswith("id:"):
                event_id = text[3:].strip()
            elif text.startswith("data:"):
                data = text[5:].strip()
            elif not text and data:
                event = json.loads(data)
                self.seen.append((event["storeId"], event["seq"]))
                self.last, event_id, data = event_id or self.last, None, None


def settle(fleet, seconds=60):
    """Until nothing is under way any more. Returns the seconds it took."""
    began = time.monotonic()

    def is_settled():
        rows = fleet.query("SELECT count(*) FROM stores WHERE phase NOT IN ('ready', 'deleted', 'failed') OR id IN (SELECT store_id FROM work)")
        return rows == [["0"]]
    try:
        wait_until(is_settled, seconds, "the stores to settle", 0.2)
    except AssertionError:
        left = fleet.query("SELECT s.id, phase, desired, reason, message, attempt, due_at - now(), lease_until - now() FROM stores s LEFT JOIN work ON store_id = s.id"
                           " WHERE phase NOT IN ('ready', 'deleted', 'failed') OR store_id IS NOT NULL LIMIT 5")
        raise AssertionError(f"not settled after {seconds} s: {left}") from None
    return time.monotonic() - began


def complaints(fleet, ledger=None, remade=(), leases_hold=True):
    """What is wrong, as sentences; empty where everything agrees.

    `remade` are the stores whose namespace was removed from outside, so that there was another. `leases_hold` is false where the queue is emptied: the leases are in it.
    """
    found = []
    for name, count in fleet.query((pathlib.Path(__file__).parent / "invariants.sql").read_text()):
        if count != "0":
            found.append(f"invariant: {name}: {count}")
    rows = {row[0]: row for row in fleet.query("SELECT id, phase, idempotency_key, reason FROM stores")}
    for store_id, phase, _, reason in rows.values():
        if phase == "failed":
            found.append(f"{store_id} was called failed: {reason}")
    if ledger:
        found += _against(ledger, rows)
    found += _in_the_cluster(fleet, rows, remade)
    if leases_hold:
        found += calls_outside_leases(fleet)
    return found


def _against(ledger, rows):
    found = []
    for key, ids in ledger.created.items():
        if len(ids) != 1:
            found.append(f"the key {key} was answered with {ids}")
        for store_id in ids:
            if store_id not in rows:
                found.append(f"{store_id} was acknowledged and is lost")
            elif rows[store_id][1] not in _outcomes(ledger, store_id):
                found.append(f"{store_id} is {rows[store_id][1]}, deleted by a client: {store_id in ledger.deleted}")
    strangers = [row[0] for row in rows.values() if row[2] and row[2] not in ledger.sent]
    if strangers:
        found.append(f"nobody asked for {strangers}")
    return found


def _outcomes(ledger, store_id):
    if store_id in ledger.deleted:
        return {"deleted"}
    return {"ready", "deleted"} if store_id in ledger.maybe_deleted else {"ready"}


def _in_the_cluster(fleet, rows, remade):
    found, namespaces = [], {name for name, item in fleet.namespaces().items()
                             if name.startswith("store-") and item["metadata"]["labels"].get("store-platform/install") == "default"}
    wanted = {f"store-{store_id}" for store_id, phase, *_ in rows.values() if phase == "ready"}
    if namespaces - wanted:
        found.append(f"namespaces of no store: {sorted(namespaces - wanted)}")
    if wanted - namespaces:
        found.append(f"stores without a namespace: {sorted(wanted - namespaces)}")
    made = {}
    for call in fleet.mutating_calls():
        if call["method"] == "POST" and call["path"].split("?")[0].endswith("/secrets") and call["status"] == 201:
            made[call["path"]] = made.get(call["path"], 0) + 1
    again = {path: count for path, count in made.items() if count > 1 and not any(f"/store-{store_id}/" in path for store_id in remade)}
    return found + [f"{count} times passwords: {path}" for path, count in again.items()]


def calls_outside_leases(fleet, slack=0.02):
    """Calls that changed a store's namespace while the replica that sent them did not hold its lease."""
    log = {}
    for at, holder, store_id, token, until in fleet.query(
            "SELECT extract(epoch FROM at), replica, store_id, coalesce(token::text, ''), extract(epoch FROM until) FROM chaos.leases ORDER BY n"):
        log.setdefault(store_id, []).append((float(at), holder, token, float(until or 0)))
    found = []
    for replica in fleet.replicas:
        for at, method, path in replica.cluster.requests:
            if method in ("GET", "HEAD"):
                continue
            name = next((part for part in urllib.parse.urlparse(path).path.split("/") if part.startswith("store-")), None)
            history = log.get(name[6:]) if name else None
            if not history:
                continue
            # Whatever was so at any moment about the time of the call: its own moment is only known so exactly.
            moments = [entry[0] for entry in history]
            first, last = (bisect.bisect_right(moments, at + slip) - 1 for slip in (-slack, slack))
            current = history[max(0, first):last + 1]
            held = [entry for entry in current if entry[2] and entry[1] == replica.name and at <= entry[3] + slack]
            if not held and not _is_stray(fleet, method, path, name):
                moment = datetime.datetime.fromtimestamp(at).isoformat(timespec="milliseconds")
                found.append(f"{replica.name} sent {method} {path.split('?')[0]} at {moment} without the lease; the leases then: {current}")
    return found


def _is_stray(fleet, method, path, name):
    """The reconciler removes the namespaces of stores that are deleted, without a lease and by uid."""
    return method == "DELETE" and fleet.phase(name[6:]) in ("deleted", None)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def figures(values, unit="s"):
    if not values:
        return "none"
    return f"p50 {percentile(values, 0.5):.1f} p99 {percentile(values, 0.99):.1f} max {max(values):.1f} {unit} of {len(values)}"
