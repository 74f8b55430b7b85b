"""The audit log against what clients know of their requests, and those who would alter it: promise 19."""

import ipaddress
import json
import subprocess
import threading
import time

import requests

from fleet import Fleet
from harm import Client, Harm, issue, open_account
from platform_under_test import BINARIES, TOKEN
from trials.outcome import Outcome, ledger_of, until
from witnesses import complaints, settle

POINTS = ["create.before-commit", "create.after-commit", "change.before-commit", "change.after-commit"]
# Each request has an address of its own: so its record is known also where no answer came.
SETTINGS = {"STORE_PLATFORM_TRUSTED_PROXIES": "127.0.0.1", "STORE_PLATFORM_LIMIT_ORDERS": "60/20"}


def the_log_is_complete(chance, seconds):
    """19: every request that would change something against the log, with kills and connections that break; then what an owner could do to the log."""
    with Fleet(environment=SETTINGS) as fleet:
        desk = Desk(fleet, chance)
        with Harm(fleet, chance, POINTS) as harm:
            stopping = threading.Event()
            threads = [threading.Thread(target=desk.work, args=(Client(fleet, chance), stopping), daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in until(0.7 * seconds):
                time.sleep(1)
            stopping.set()
            for thread in threads:
                thread.join(60)
        settle(fleet, 180)
        failures = desk.failures + harm.failures + complaints(fleet)
        told, missing, doubled = desk.compare(failures)
        copies = Copies(fleet, chance)
        failures += copies.refusals()
        undetected, tampered = copies.tamper(0.3 * seconds, failures)
        rows = len(desk.rows)
    answered = [entry for entry in desk.sent.values() if entry["status"]]
    return Outcome(len(desk.sent) + tampered, failures, f"{len(desk.sent)} requests, {len(answered)} answered ({desk.statuses}), {rows} rows, {harm.told}; missing {missing}, doubled {doubled},"
                   f" {told} refusals in the service's log while the database was away; {tampered} tamperings in {len(TAMPERINGS)} ways, undetected {undetected}")


class Desk:
    """Sends what would change something, of every kind and outcome, and keeps what came back of it by the address it was sent from."""

    def __init__(self, fleet, chance):
        self.fleet, self.lock, self.sent, self.rows, self.failures = fleet, threading.Lock(), {}, {}, []
        self.ledger, self.stores, self.numbers = ledger_of(fleet), [], iter(range(1, 1 << 24))
        admin = Client(fleet, chance)
        account = open_account(admin, "desk", stores=40)
        self.full = issue(admin, "merchant", open_account(admin, "full", stores=0))["token"]
        self.merchant, self.viewer = (issue(admin, role, account)["token"] for role in ("merchant", "viewer"))
        # Never deleted: an account without a store is closed by the first who asks for that.
        Client(fleet, chance, self.merchant).insist("POST", "/stores", json={"name": "Desk", "engine": "woocommerce"})
        revoked = issue(admin, "merchant", account)
        admin.insist("DELETE", f"/tokens/{revoked['id']}")
        self.revoked = revoked["token"]
        # What came before has no address of its own.
        self.before = int(fleet.query("SELECT number FROM audit_head")[0][0])

    @property
    def statuses(self):
        counts = {}
        for entry in self.sent.values():
            counts[entry["status"]] = counts.get(entry["status"], 0) + 1
        return ", ".join(f"{status} × {count}" for status, count in sorted(counts.items(), key=str) if status)

    def work(self, client, stopping):
        while not stopping.wait(client.chance.uniform(0, 0.1)):
            with self.lock:
                number = next(self.numbers)
                store_id = client.chance.choice(self.stores) if self.stores else "a2bcdefghijk"
            token, method, path, arguments = client.chance.choice(self._requests(number, store_id))
            self._send(client, number, token, method, path, arguments)

    def _requests(self, number, store_id):
        order = {"name": f"Desk {number}", "engine": "woocommerce"}
        key, again = {"Idempotency-Key": f"desk-{number}"}, {"Idempotency-Key": f"again-{number // 50}"}
        merchant, store = self.merchant, f"/stores/{store_id}"
        ordering = [
            (merchant, "POST", "/stores", {"json": order, "headers": key}), (merchant, "POST", "/stores", {"json": {**order, "name": f"Again {number // 50}"}, "headers": again}),
            (merchant, "POST", "/stores", {"json": order, "headers": again}), (merchant, "POST", "/stores", {"json": {**order, "engine": "none"}}),
            (merchant, "POST", "/stores", {"json": {**order, "slug": "wanted-by-many"}}), (merchant, "POST", "/stores", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
            (merchant, "POST", "/stores", {"data": b"x=y"}), (self.full, "POST", "/stores", {"json": order}), (self.viewer, "POST", "/stores", {"json": order}),
        ]
        strangers = [(token, method, path, {"json": order} if method == "POST" else {}) for token in (None, "sp_nobody_" + "0" * 64, self.revoked)
                     for method, path in (("POST", "/stores"), ("DELETE", store), ("POST", "/session"))]
        changing = [
            (merchant, "PATCH", store, {"json": {"name": f"Renamed {number}"}}), (merchant, "PATCH", store, {"json": {"name": "Stale"}, "headers": {"If-Match": '"9999"'}}),
            (merchant, "DELETE", store, {}), (merchant, "POST", f"{store}/retry", {}), (merchant, "POST", f"{store}/credentials", {}), (self.full, "DELETE", store, {}),
            (merchant, "DELETE", "/stores/a2bcdefghijk", {}), (self.viewer, "PATCH", store, {"json": {"name": "Not mine"}}), (merchant, "POST", "/session", {}),
        ]
        ruling = [
            ("POST", "/accounts", {"json": {"name": f"Account {number}"}}), ("PATCH", "/accounts/desk", {"json": {"name": f"Desk {number}"}}),
            ("DELETE", "/accounts/desk", {}), ("DELETE", "/accounts/nobody", {}), ("DELETE", "/tokens/nobody", {}),
            ("POST", "/tokens", {"json": {"account": "desk", "role": "viewer", "name": f"Token {number}"}}),
        ]
        return ordering * 2 + strangers + changing * 2 + [(token, *request) for request in ruling for token in (TOKEN, merchant)]

    def _send(self, client, number, token, method, path, arguments):
        """Once; one in ten hangs up before it has an answer, or so soon that there may be none."""
        address = str(ipaddress.ip_address("10.0.0.0") + number)
        entry = {"status": None, "path": f"{method} {path}"}
        with self.lock:
            self.sent[address] = entry
        self.ledger.note("request sent", address=address, request=entry["path"])
        client.token = token
        headers = {**arguments.get("headers", {}), "X-Forwarded-For": address}
        patience = (2, client.chance.uniform(0.001, 0.05)) if client.chance.random() < 0.1 else 15
        try:
            answer = client.ask(method, path, **{**arguments, "headers": headers}, timeout=patience)
        except requests.RequestException:
            return
        document = answer.json() if answer.content else {}
        entry |= {"status": answer.status_code, "id": answer.headers["X-Request-Id"], "code": document.get("code")}
        self.ledger.note("request answered", address=address, **entry)
        if answer.status_code == 202 and path == "/stores":
            with self.lock:
                self.stores = [*self.stores[-15:], document["id"]]
        if answer.status_code == 500:
            self.failures.append(f"{entry['path']} was answered {answer.text[:200]}")

    def compare(self, failures):
        """Every answer against its row. Returns how many are told of in the service's log instead, how many are missing, and how many doubled."""
        for address, request_id, action, result in self.fleet.query(f"SELECT remote_address, request_id, action, result FROM audit_log WHERE number > {self.before}"):
            if address in self.sent:
                self.rows.setdefault(address, []).append((request_id, result))
            elif action not in ("store.adopt", "audit.archive"):
                failures.append(f"nobody sent {action} from {address} with the result {result}")
        log = "".join(replica.log.read_text(errors="replace") for replica in self.fleet.replicas)
        told = missing = doubled = 0
        for address, entry in self.sent.items():
            rows = self.rows.get(address, [])
            if entry["status"] == 503 and entry["code"] == "overloaded":
                failures += [f"{entry} was turned away before it was looked at and has the records {rows}"] * bool(rows)
            elif len(rows) > 1:
                doubled += 1
                failures.append(f"{entry} has the records {rows}")
            elif not rows and entry["status"]:
                is_told = entry["status"] >= 400 and f"The audit record of request {entry['id']} (" in log
                told += is_told
                missing += not is_told
                failures += [f"{entry} has no record"] * (not is_told)
            elif rows and entry["status"] and not _fits(entry, *rows[0]):
                failures.append(f"{entry} has the record {rows[0]}")
        return told, missing, doubled


def _fits(entry, request_id, result):
    """A change whose COMMIT was not answered is 503 to the client and may have been made."""
    results = {"ok", "unchanged"} if entry["status"] < 400 else {entry["code"], "ok"} if entry["status"] == 503 else {entry["code"]}
    return request_id == entry["id"] and result in results


REHASH = """;
DO $$ DECLARE link bytea := (SELECT previous_hash FROM audit_log WHERE number = {n}); BEGIN
    FOR i IN {n}..{to} LOOP
        UPDATE audit_log SET previous_hash = link, hash = audit_hash(link, number, id, at, actor, token_id, role, account_id, remote_address, request_id, action, target, before, after, result)
        WHERE number = i RETURNING hash INTO link;
    END LOOP;
    UPDATE audit_head SET hash = link WHERE number = {to};
END $$"""
ARCHIVED = ("INSERT INTO audit_archives (partition, first_number, last_number, last_hash, file, file_sha256)"
            " SELECT 'audit_log_2025_01', {first_archived}, {n}, previous_hash, 'audit_log_2025_01.jsonl', sha256('x') FROM audit_log WHERE number = {n} + 1")
# What somebody with every right does to the log, {n} and {m} being any two of its records and {last} the last one, and what must be said of it.
TAMPERINGS = [
    ("UPDATE audit_log SET actor = 'mallory' WHERE number = {n}", "number {n} "),
    ("UPDATE audit_log SET at = at + interval '1 ms' WHERE number = {n}", "number {n} "),
    ("UPDATE audit_log SET hash = sha256('x') WHERE number = {n}", "number {n} "),
    ("DELETE FROM audit_log WHERE number = {n}", "number {n}: there is no such record"),
    ("UPDATE audit_log SET number = {n} + {n} + 1 - number WHERE number IN ({n}, {n} + 1)", "number {n} "),
    ("UPDATE audit_log a SET target = b.target, request_id = b.request_id FROM audit_log b WHERE (a.number, b.number) IN (({n}, {m}), ({m}, {n}))", "number {first} "),
    ("INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT id + 1000000, at, 'mallory', token_id, role, account_id, remote_address, request_id, action, target, before, after, result,"
     " number, previous_hash, hash FROM audit_log WHERE number = {n}", "number {n} "),
    ("DELETE FROM audit_log WHERE number > {n}", "number {next}: the log ends before it"),
    ("DELETE FROM audit_log WHERE number > {n}; UPDATE audit_head SET number = {n}, hash = (SELECT hash FROM audit_log WHERE number = {n})", "number {next}: the log ends before it, a checkpoint"),
    ("UPDATE audit_log SET actor = 'mallory' WHERE number = {n}" + REHASH.replace("{to}", "{n}"), "number {next} "),
    ("UPDATE audit_log SET actor = 'mallory' WHERE number = {n}" + REHASH.replace("{to}", "{last}"), "a checkpoint has another hash"),
    ("DELETE FROM audit_log WHERE number <= {n}; " + ARCHIVED.replace("{first_archived}", "1"), "number {n}: the records up to it are said to be in an archive"),
    ("DELETE FROM audit_log WHERE number <= {n}; " + ARCHIVED.replace("{first_archived}", "2"), "number 1: no archive begins with it"),
    ("ALTER TABLE audit_log DISABLE TRIGGER audit_log_link", "the trigger audit_log_link"),
    ("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only; DELETE FROM audit_log WHERE number = {n}", "number {n}: there is no such record"),
]


class Copies:
    """The database as it was left, once whole and then altered in one way each."""

    def __init__(self, fleet, chance):
        self.fleet, self.chance, self.checkpoint = fleet, chance, fleet.postgres.directory / "checkpoint"
        self._program("migrate", "--roles", check=True)
        self.checkpoint.write_text(self._program("audit", "checkpoint", check=True).stdout)
        self.last = int(json.loads(self.checkpoint.read_text())["number"])
        dump = fleet.postgres.directory / "audit.sql"
        subprocess.run(["pg_dump", "-f", dump, fleet.postgres.url], check=True, capture_output=True)
        fleet.query("CREATE DATABASE whole")
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", dump, self._url("whole")], check=True, capture_output=True)

    def refusals(self):
        """What is not refused to the application, and of the log also not to its owner. And that the log and its copy are whole."""
        found = []
        for database in ("postgres", "whole"):
            verified = self._program("audit", "verify", "--checkpoint", self.checkpoint, database=database)
            if verified.returncode or f"Whole: {self.last} records" not in verified.stdout:
                found.append(f"the log of {database} is not whole: {verified.stdout}{verified.stderr}")
        tables = [row[0] for row in self.fleet.query("SELECT 'audit_log' UNION ALL SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_log'::regclass")]
        tries = [(role, table) for table in tables for role in ("store_platform_application", "postgres")] + [("store_platform_application", "audit_head")]
        for role, table in tries:
            for statement in (f"UPDATE {table} SET number = number", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                tried = subprocess.run(["psql", "-Xq", self._url("whole").replace("postgres@", f"{role}@"), "-c", statement], capture_output=True, text=True)
                if tried.returncode == 0 or not ("permission denied" in tried.stderr or "is append-only" in tried.stderr):
                    found.append(f"{statement} as {role}: {tried.stderr or 'done'}")
        return found

    def tamper(self, seconds, failures):
        """Every way once, and again as long as there is time. Returns how many were not found, and how many there were."""
        undetected = tampered = 0
        for _ in until(seconds):
            for sql, words in self.chance.sample(TAMPERINGS, len(TAMPERINGS)):
                n, m = self.chance.sample(range(2, self.last - 1), 2)
                places = {"n": n, "m": m, "first": min(n, m), "next": n + 1, "last": self.last}
                said = self._altered(sql.format(**places), keeps_triggers="TRIGGER" in sql)
                tampered += 1
                if said.returncode != 1 or words.format(**places) not in said.stderr:
                    undetected += 1
                    failures.append(f"{sql.format(**places)} is told of as {said.returncode} {said.stdout}{said.stderr}")
        return undetected, tampered

    def _altered(self, sql, keeps_triggers):
        self.fleet.query("CREATE DATABASE altered TEMPLATE whole")
        free = "" if keeps_triggers else "SET session_replication_role = replica;"
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", self._url("altered"), "-c", free + sql], check=True, capture_output=True)
        said = self._program("audit", "verify", "--checkpoint", self.checkpoint, database="altered")
        self.fleet.query("DROP DATABASE altered WITH (FORCE)")
        return said

    def _url(self, database):
        return self.fleet.postgres.url.removesuffix("postgres") + database

    def _program(self, *arguments, database="postgres", check=False):
        settings = {**self.fleet.replicas[0].settings, "DATABASE_URL": self._url(database)}
        return subprocess.run([BINARIES / "store-platform", *arguments], env=settings, capture_output=True, text=True, check=check)
