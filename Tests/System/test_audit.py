"""Who did what: one record for each request that would change something, in a chain that shows tampering."""

import concurrent.futures
import contextlib
import datetime
import hashlib
import json
import struct
import subprocess

import pytest
import requests

from platform_under_test import BINARIES, TOKEN, Platform, wait_until


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        yield running


def audit(platform, *arguments, url=None):
    return subprocess.run([BINARIES / "store-platform", "audit", *arguments], env={"DATABASE_URL": url or platform.postgres.url}, capture_output=True, text=True)


def records(platform, request_id):
    return platform.postgres.query(
        "SELECT action, result, actor, token_id, role, account_id, remote_address, target, before IS NOT NULL, after IS NOT NULL"
        f" FROM audit_log WHERE request_id = '{request_id}'")


def call(platform, method, path, body=None, token=TOKEN, **headers):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return requests.request(method, f"{platform.url}/api/v1{path}", data=data, headers={"Content-Type": "application/json", **headers}, timeout=20)


@contextlib.contextmanager
def held_head(platform):
    """Nobody can append to the log meanwhile."""
    holder = subprocess.Popen(["psql", "-Xq", platform.postgres.url, "-c", "BEGIN; SELECT FROM audit_head FOR UPDATE; SELECT pg_sleep(60)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sleeping = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND wait_event = 'PgSleep'"
    wait_until(lambda: platform.postgres.query(f"SELECT pid {sleeping}"), 10, "the head to be locked")
    yield
    platform.postgres.query(f"SELECT pg_terminate_backend(pid) {sleeping}")
    holder.wait()


def test_each_request_that_would_change_something_has_exactly_one_record(platform):
    order = {"name": "Blue Teapots", "engine": "woocommerce"}
    made = call(platform, "POST", "/stores", order, **{"Idempotency-Key": "k1"})
    store = made.json()["id"]
    taken = {"name": "Other", "slug": "blue-teapots", "engine": "woocommerce"}
    path = f"/stores/{store}"
    # What is sent, and what is recorded of it: action, result, target.
    tries = [
        (made, "store.create", "ok", store),
        (call(platform, "POST", "/stores", order, **{"Idempotency-Key": "k1"}), "store.create", "unchanged", store),
        (call(platform, "POST", "/stores", {**order, "name": "Red"}, **{"Idempotency-Key": "k1"}), "store.create", "idempotency_key_reused", "Red"),
        (call(platform, "POST", "/stores", {**order, "name": ""}), "store.create", "invalid_request", ""),
        (call(platform, "POST", "/stores", taken), "store.create", "address_taken", "blue-teapots"),
        (call(platform, "POST", "/stores", b"{"), "store.create", "malformed_json", "/api/v1/stores"),
        (call(platform, "POST", "/stores", b"[]"), "store.create", "malformed_json", "/api/v1/stores"),
        (call(platform, "POST", "/stores", b"x=y", **{"Content-Type": "text/plain"}), "store.create", "unsupported_media_type", "/api/v1/stores"),
        (call(platform, "POST", "/stores", order, token=None), "store.create", "unauthenticated", "Blue Teapots"),
        (call(platform, "DELETE", path, token="sp_wrong"), "store.delete", "unauthenticated", store),
        (call(platform, "PATCH", path, {"name": "Green"}, **{"If-Match": '"999"'}), "store.rename", "stale_version", store),
        (call(platform, "PATCH", path, {"name": "Green"}), "store.rename", "ok", store),
        (call(platform, "POST", f"{path}/retry"), "store.retry", "wrong_phase", store),
        (call(platform, "DELETE", "/stores/a2bcdefghijk"), "store.delete", "store_not_found", "a2bcdefghijk"),
        (call(platform, "DELETE", "/stores/" + "x" * 300), "store.delete", "not_found", "x" * 255),
        (call(platform, "DELETE", path), "store.delete", "ok", store),
        (call(platform, "DELETE", path), "store.delete", "unchanged", store),
    ]
    assert [answer.status_code for answer, *_ in tries] == [202, 202, 422, 422, 409, 400, 400, 415, 401, 401, 412, 200, 409, 404, 404, 202, 202]
    for answer, action, result, target in tries:
        actor, token_id, role, account = ("anonymous", "", "none", "none") if result == "unauthenticated" else ("administrator", "administrator", "admin", "default")
        states = ["t" if result == "ok" and action != "store.create" else "f", "t" if result == "ok" else "f"]
        assert records(platform, answer.headers["X-Request-Id"]) == [[action, result, actor, token_id, role, account, "127.0.0.1", target, *states]], (answer.request.method, answer.request.url)
    for answer in (call(platform, "GET", "/stores"), call(platform, "GET", path), call(platform, "GET", "/stores", token="sp_wrong")):
        assert records(platform, answer.headers["X-Request-Id"]) == []


def test_also_when_many_ask_at_once(platform):
    def ask(number):
        return call(platform, "POST", "/stores", {"name": "Wanted by many", "engine": "woocommerce"}, token=TOKEN if number % 4 else None)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(96)))
    assert sorted({answer.status_code for answer in answers}) == [202, 401, 409]
    ids = ",".join(f"'{answer.headers['X-Request-Id']}'" for answer in answers)
    rows = dict(platform.postgres.query(f"SELECT request_id, count(*) FROM audit_log WHERE request_id IN ({ids}) GROUP BY 1"))
    print(f"{len(answers)} requests, {len(rows)} with a record, {sum(count != '1' for count in rows.values())} with more than one")
    assert len(rows) == 96 and set(rows.values()) == {"1"}


def test_a_request_that_could_not_be_recorded_is_in_the_log(platform):
    with held_head(platform):
        answer = call(platform, "DELETE", "/stores/a2bcdefghijk")
    assert answer.status_code == 404 and records(platform, answer.headers["X-Request-Id"]) == []
    log = (platform.postgres.directory / "service.log").read_text()
    assert f"The audit record of request {answer.headers['X-Request-Id']} (store.delete, store_not_found) could not be written" in log


def test_a_change_that_could_not_be_recorded_is_not_made(platform):
    store = platform.create("Unrecorded")["id"]
    platform.wait_for_phase(store, "ready")
    with held_head(platform):
        answer = call(platform, "PATCH", f"/stores/{store}", {"name": "Renamed"})
    assert answer.status_code == 503 and answer.json()["code"] == "timed_out"
    assert platform.store(store)["name"] == "Unrecorded"


def test_the_partitions_of_this_month_and_the_next_are_made_at_the_start(platform):
    months = [row[0] for row in platform.postgres.query("SELECT 'audit_log_' || to_char(date_trunc('month', now()) + n * interval '1 month', 'YYYY_MM') FROM generate_series(0, 1) n")]
    there = [row[0] for row in platform.postgres.query("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_log'::regclass ORDER BY 1")]
    assert set(months) <= set(there)
    assert platform.postgres.query("SELECT count(*) FROM audit_log_default") == [["0"]]


def test_anyone_with_the_address_of_the_database_can_verify(platform, tmp_path):
    file = tmp_path / "checkpoints"
    for _ in range(2):
        platform.create(f"Checked {_}")
        checkpoint = audit(platform, "checkpoint")
        assert checkpoint.returncode == 0, checkpoint.stderr
        with file.open("a") as lines:
            lines.write(checkpoint.stdout)
    whole = audit(platform, "verify", "--checkpoint", file)
    print(whole.stdout)
    assert whole.returncode == 0 and "2 checkpoints agree" in whole.stdout, whole.stderr
    platform.postgres.query("SET session_replication_role = replica; UPDATE audit_log SET actor = 'mallory' WHERE number = 3")
    broken = audit(platform, "verify")
    assert broken.returncode == 1 and "Broken at number 3 (id " in broken.stderr
    assert audit(platform, "verify", url="postgresql://nobody@127.0.0.1:1/x").returncode == 69
    assert audit(platform, "verify", "--what").returncode == 64
    (tmp_path / "none").write_text("{}")
    assert "Line 1 is no checkpoint" in audit(platform, "verify", "--checkpoint", tmp_path / "none").stderr


def test_the_whole_service_runs_with_the_applications_rights_and_the_auditor_verifies():
    with Platform() as platform:
        platform.service.terminate()
        subprocess.run([BINARIES / "store-platform", "migrate", "--roles"], env=platform.settings, check=True, stdout=subprocess.DEVNULL)
        platform.settings["DATABASE_URL"] = platform.postgres.url.replace("postgres@", "store_platform_application@")
        platform.start()
        store = platform.wait_for_phase(platform.create("Without rights")["id"], "ready")
        path = f"/stores/{store['id']}"
        assert call(platform, "PATCH", path, {"name": "Renamed"}).status_code == 200
        assert call(platform, "DELETE", path).status_code == 202
        platform.wait_for_phase(store["id"], "deleted")
        assert call(platform, "DELETE", path, token=None).status_code == 401
        log = (platform.postgres.directory / "service.log").read_text()
        assert "permission denied" not in log and "refused a statement" not in log
        assert platform.postgres.query("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'store-platform'") == [["store_platform_application"]]
        auditor = platform.postgres.url.replace("postgres@", "store_platform_auditor@")
        deletion, = platform.postgres.query("SELECT store, requested_by, remote_address, seconds_to_delete BETWEEN 0 AND 60 FROM reporting.deletions")
        assert deletion == [store["id"], "administrator", "127.0.0.1", "t"]
        whole = audit(platform, "verify", url=auditor)
        assert whole.returncode == 0 and "Whole: 4 records" in whole.stdout, whole
        platform.postgres.query("SET session_replication_role = replica; DELETE FROM audit_log WHERE number = 2")
        assert "Broken at number 2: there is no such record" in audit(platform, "verify", url=auditor).stderr


def field(value):
    """As docs/audit.md says it: the length in four bytes, most significant first, and the bytes; -1 alone for what is not there."""
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


def record_hash(record):
    at = datetime.datetime.fromisoformat(record["at"]) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    numbers = record["number"], record["id"], at // datetime.timedelta(microseconds=1)
    texts = ("actor", "tokenId", "role", "account", "remoteAddress", "requestId", "action", "target", "before", "after", "result")
    fields = [b"store-platform audit 1", bytes.fromhex(record["previousHash"]), *(struct.pack(">q", number) for number in numbers),
              *(None if record[name] is None else record[name].encode() for name in texts)]
    return hashlib.sha256(b"".join(field(value) for value in fields)).hexdigest()


def test_an_archive_can_be_verified_by_what_the_page_says_alone(tmp_path):
    with Platform() as platform:
        for number in range(3):
            platform.create(f"Gone by {number}")
        # The same records as of a year ago, by the owner, in a chain of their own.
        platform.postgres.query("""
            SET session_replication_role = replica;
            DO $$ DECLARE r audit_log; link bytea := decode(repeat('00', 32), 'hex'); BEGIN
                FOR r IN SELECT * FROM audit_log ORDER BY number LOOP
                    UPDATE audit_log SET at = r.at - interval '1 year', previous_hash = link, hash = audit_hash(link, number, id, r.at - interval '1 year', actor,
                        token_id, role, account_id, remote_address, request_id, action, target, before, after, result)
                    WHERE number = r.number RETURNING hash INTO link;
                END LOOP;
                UPDATE audit_head SET hash = link;
            END $$;
            RESET session_replication_role;
            SELECT audit_prepare_partitions()""")
        checkpoint = json.loads(audit(platform, "checkpoint").stdout)
        settings = {"DATABASE_URL": platform.postgres.url, "STORE_PLATFORM_AUDIT_RETENTION": "6", "STORE_PLATFORM_AUDIT_ARCHIVE": str(tmp_path)}
        moved = subprocess.run([BINARIES / "store-platform", "audit", "archive"], env=settings, capture_output=True, text=True)
        assert moved.returncode == 0, moved.stderr
        records = [json.loads(line) for file in sorted(tmp_path.glob("*.jsonl")) for line in file.read_text().splitlines()]
        assert len(records) == 3 and records[0]["previousHash"] == "00" * 32
        assert [record_hash(record) for record in records] == [record["hash"] for record in records]
        assert records[-1]["hash"] == checkpoint["hash"]
        # An archived day is no longer in the log; the archiving is, behind what was moved.
        assert platform.postgres.query("SELECT number, actor, action, previous_hash = decode('%s', 'hex') FROM audit_log" % checkpoint["hash"]) == [["4", "store-platform", "audit.archive", "t"]]
        assert "1 records, numbers 4 to 4" in audit(platform, "verify").stdout


def test_a_second_archive_at_once_says_so_and_moves_nothing(platform, tmp_path):
    settings = {"DATABASE_URL": platform.postgres.url, "STORE_PLATFORM_AUDIT_RETENTION": "6", "STORE_PLATFORM_AUDIT_ARCHIVE": str(tmp_path)}
    archive = [BINARIES / "store-platform", "audit", "archive"]
    lock = "SELECT pg_advisory_lock(hashtextextended('store-platform audit archive', 0)); \\echo locked\n"
    with subprocess.Popen(["psql", "-Xq", "-o", "/dev/null", platform.postgres.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        first.stdin.write(lock)
        first.stdin.flush()
        assert first.stdout.readline() == "locked\n"
        second = subprocess.run(archive, env=settings, capture_output=True, text=True)
        assert second.returncode == 69 and "Another “audit archive” is under way" in second.stderr
        first.stdin.close()
    assert subprocess.run(archive, env=settings).returncode == 0
