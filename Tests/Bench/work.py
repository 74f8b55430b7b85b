"""The work protocol against its floor, and under a snapshot that somebody holds open."""

import json
import re
import subprocess

from common import insert_stores
from platform_under_test import BINARIES, ROOT, Postgres

# The floor: nothing but the claim, in one statement, by a client that does nothing else.
FLOOR = """UPDATE work SET lease_token = gen_random_uuid(), lease_until = now() + interval '30 s' WHERE store_id = (
    SELECT store_id FROM work WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now()) LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING store_id;
"""


def queue(seconds, snapshot_seconds=300, stores=500, rate=200):
    postgres = Postgres()
    try:
        for migration in sorted((ROOT / "migrations").glob("[0-9]*.sql")):
            subprocess.run(["psql", "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-f", migration, postgres.url], check=True)
        insert_stores(postgres, stores)
        floor = measure_floor(postgres, seconds)
        full = run(postgres, seconds, 0)
        print(f"claim to finish, 8 connections, {stores} stores: {full['perSecond']:.0f}/s, a claim p50 {full['p50']:.2f} ms p99 {full['p99']:.2f} ms")
        print(f"the floor, one UPDATE … SKIP LOCKED … RETURNING by pgbench: {floor:.0f}/s   ratio {full['perSecond'] / floor:.2f}", flush=True)
        before = run(postgres, max(20, seconds), rate)
        holder = subprocess.Popen(["psql", "-Xq", postgres.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        holder.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM stores;\n")
        holder.stdin.flush()
        run(postgres, snapshot_seconds, rate)
        during = run(postgres, max(20, seconds), rate)
        holder.kill()
        print(f"at {rate} claims a second: a claim p50 {before['p50']:.2f} ms p99 {before['p99']:.2f} max {before['max']:.2f} ms;"
              f" with a snapshot held open for {snapshot_seconds} s before: p50 {during['p50']:.2f} ms p99 {during['p99']:.2f} max {during['max']:.2f} ms, ratio of p99 {during['p99'] / before['p99']:.2f}")
    finally:
        postgres.stop()


def measure_floor(postgres, seconds):
    """Of as many rows as the others work on."""
    script = postgres.directory / "floor.sql"
    postgres.query("INSERT INTO work (store_id) SELECT id FROM stores")
    # So that there is always one to take, a claim ends at once.
    script.write_text(FLOOR.replace("interval '30 s'", "interval '0 s'"))
    done = subprocess.run(["pgbench", "-n", "-c", "8", "-j", "2", "-M", "prepared", "-T", str(seconds), "-f", str(script), postgres.url],
                          check=True, capture_output=True, text=True).stdout
    postgres.query("TRUNCATE work")
    return float(re.search(r"tps = (\S+)", done).group(1))


def run(postgres, seconds, rate):
    return json.loads(subprocess.run([BINARIES / "queue-bench", postgres.url, str(seconds), str(rate)], check=True, capture_output=True).stdout)
