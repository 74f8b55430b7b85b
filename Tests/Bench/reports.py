"""Every query of docs/reporting.md as the auditor, over many records and while more are added; and what the chain costs."""

import pathlib
import re
import subprocess
import time

from platform_under_test import BINARIES, ROOT, Postgres

# A year of records in a chain, as the owner can write them: the log itself takes none that is not of now.
RECORDS = r"""
CREATE FUNCTION bench_records(first bigint, count bigint, since timestamptz, step interval, link bytea) RETURNS SETOF audit_log LANGUAGE plpgsql AS $$
DECLARE r audit_log;
BEGIN
    r.hash := link;
    FOR n IN first..first + count - 1 LOOP
        r.id := n; r.number := n; r.at := since + n * step; r.previous_hash := r.hash;
        r.token_id := 't' || n % 200; r.account_id := 'account-' || n % 200; r.actor := CASE n % 200 WHEN 0 THEN 'administrator' ELSE 'merchant ' || n % 200 END;
        r.role := 'merchant'; r.remote_address := '10.0.' || n % 200 || '.' || n % 7; r.request_id := 'r' || md5(n::text);
        r.action := (ARRAY['store.create', 'store.rename', 'store.rename', 'store.retry', 'store.delete'])[1 + n / 200 % 5];
        r.target := 'a' || translate(lpad((n / 1000 + n % 200)::text, 11, '0'), '01', 'xy');
        r.result := CASE WHEN n % 41 = 0 THEN 'unauthenticated' WHEN n % 43 = 0 THEN 'forbidden' WHEN n % 31 = 0 THEN 'wrong_phase' ELSE 'ok' END;
        r.before := CASE WHEN r.result = 'ok' THEN '{"name": "Blue Teapots", "phase": "ready", "version": 7}'::jsonb END; r.after := r.before;
        r.hash := audit_hash(r.previous_hash, r.number, r.id, r.at, r.actor, r.token_id, r.role, r.account_id, r.remote_address, r.request_id,
            r.action, r.target, r.before, r.after, r.result);
        RETURN NEXT r;
    END LOOP;
END $$
"""
STORES = r"""
INSERT INTO accounts (id, name) SELECT 'account-' || i, 'Account ' || i FROM generate_series(0, 199) i;
INSERT INTO stores (id, name, slug, engine, plan, account_id, desired, phase, reason, message, url, namespace_uid, created_at, ready_at, deleted_at)
SELECT CASE i WHEN 7 THEN 'a2bcdefghijk' ELSE 'a' || translate(lpad(i::text, 11, '0'), '01', 'xy') END, 'Shop ' || i, 's' || i,
    (ARRAY['woocommerce', 'medusa'])[1 + i % 2], (ARRAY['small', 'medium', 'large'])[1 + i % 3], 'account-' || i % 200,
    CASE WHEN i % 3 = 0 THEN 'absent' ELSE 'running' END, CASE WHEN i % 3 = 0 THEN 'deleted' ELSE 'ready' END, NULL, '', 'http://x', 'u',
    made, made + interval '20 s' + i % 60 * interval '1 s', CASE WHEN i % 3 = 0 THEN made + interval '1 day' END
FROM generate_series(1, {stores}) i, LATERAL (SELECT now() - interval '364 days' * (i::float8 / {stores})) AS t (made);
INSERT INTO store_events (store_id, seq, at, type, phase, reason, message)
SELECT id, n, created_at + n * interval '3 s', 'phase_changed', CASE WHEN n = 3 AND length(name) % 3 = 0 THEN 'failed' ELSE 'provisioning' END,
    (ARRAY['image_pull_failed', 'deadline_passed', 'quota_exceeded'])[1 + length(slug) % 3], '' FROM stores, generate_series(1, 5) n;
INSERT INTO store_events (store_id, seq, at, type, phase, message)
SELECT id, 6, deleted_at - interval '9 s', 'deletion_requested', 'deleting', '' FROM stores WHERE deleted_at IS NOT NULL;
"""
APPEND = ("INSERT INTO audit_log (actor, token_id, role, account_id, remote_address, request_id, action, target, after, result) VALUES"
          " ('merchant 7', 't7', 'merchant', 'account-7', '10.0.0.1', md5(random()::text), 'store.rename', 'a2bcdefghijk', '{\"name\": \"Blue\"}', 'ok');")


class Durable(Postgres):
    """With fsync, as it is run: what a commit costs is part of what is measured."""

    def _script(self, command):
        super()._script(re.sub(r" fsync=off.*", " max_connections=100 max_wal_size=8GB shared_buffers=1GB", command))


def migrated():
    postgres = Durable()
    subprocess.run([BINARIES / "store-platform", "migrate", "--roles"], check=True, stdout=subprocess.DEVNULL, env={
        "DATABASE_URL": postgres.url, "STORE_PLATFORM_MIGRATIONS": str(ROOT / "migrations"), "KUBECONFIG": str(kubeconfig(postgres))})
    return postgres


def kubeconfig(postgres):
    file = postgres.directory / "kubeconfig"
    file.write_text("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
                    "contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n")
    return file


def fill(postgres, rows):
    begun = time.monotonic()
    postgres.query(RECORDS)
    postgres.query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_link")
    months = postgres.query("SELECT to_char(m, 'YYYY_MM'), m, m + interval '1 month' FROM generate_series(date_trunc('month', now()) - interval '12 months',"
                            " date_trunc('month', now()) - interval '1 month', '1 month') m")
    for name, start, end in months:
        postgres.query(f"CREATE TABLE audit_log_{name} PARTITION OF audit_log FOR VALUES FROM ('{start}') TO ('{end}');"
                       f"CREATE TRIGGER audit_log_{name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log_{name} FOR EACH STATEMENT EXECUTE FUNCTION append_only()")
    piece, done = 250_000, 0
    since = postgres.query("SELECT now() - interval '364 days'")[0][0]
    while done < rows:
        count = min(piece, rows - done)
        postgres.query(
            f"INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM bench_records({done + 1}, {count}, '{since}', interval '363 days' / {rows}, (SELECT hash FROM audit_head));"
            f"UPDATE audit_head SET number = {done + count}, hash = (SELECT hash FROM audit_log WHERE number = {done + count})")
        done += count
    postgres.query("INSERT INTO audit_daily SELECT (at AT TIME ZONE 'UTC')::date, account_id, actor, action, result, count(*) FROM audit_log GROUP BY 1, 2, 3, 4, 5;"
                   "ALTER TABLE audit_log ENABLE TRIGGER audit_log_link;" + STORES.replace("{stores}", str(max(1000, rows // 100))))
    postgres.query("VACUUM ANALYZE")
    size, = postgres.query("SELECT pg_size_pretty(sum(pg_total_relation_size(inhrelid))) FROM pg_inherits WHERE inhparent = 'audit_log'::regclass")[0]
    days, = postgres.query("SELECT count(*) FROM audit_daily")[0]
    print(f"{rows} records in a chain over a year, {size} with their indexes; {days} rows of the daily counts; {max(1000, rows // 100)} stores; made in {time.monotonic() - begun:.0f} s", flush=True)


def pgbench(postgres, script, clients, seconds):
    file = postgres.directory / "append.sql"
    file.write_text(script)
    url = postgres.url.replace("postgres@", "store_platform_application@")
    program = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return subprocess.Popen([program, "-n", "-c", str(clients), "-j", "1", "-T", str(seconds), "-f", file, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rate(process):
    out, _ = process.communicate()
    return (float(re.search(r"tps = ([\d.]+)", out).group(1)), float(re.search(r"latency average = ([\d.]+)", out).group(1)))


def explain(postgres, query):
    auditor = postgres.url.replace("postgres@", "store_platform_auditor@")
    done = subprocess.run(["psql", "-XAtq", auditor, "-c", f"EXPLAIN (ANALYZE, BUFFERS) {query}"], capture_output=True, text=True, check=True)
    return done.stdout


def reports(rows):
    sections = re.findall(r"^## (.+?)\n.*?```sql\n(.*?)```", (ROOT / "docs" / "reporting.md").read_text(), re.S | re.M)
    postgres = migrated()
    try:
        print("what the chain costs: records appended with fsync, each in a transaction of its own, for 5 s")
        for clients in (1, 8):
            chained = rate(pgbench(postgres, APPEND, clients, 5))
            postgres.query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_link; ALTER TABLE audit_log ALTER number SET DEFAULT 1, ALTER previous_hash SET DEFAULT sha256(''), ALTER hash SET DEFAULT sha256('')")
            months = [row[0] for row in postgres.query("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_log'::regclass")]
            for month in months:
                postgres.query(f"ALTER TABLE {month} ALTER number SET DEFAULT 1, ALTER previous_hash SET DEFAULT sha256(''), ALTER hash SET DEFAULT sha256('')")
            free = rate(pgbench(postgres, APPEND, clients, 5))
            postgres.query("ALTER TABLE audit_log ENABLE TRIGGER audit_log_link")
            print(f"  {clients} at once: {chained[0]:.0f}/s, {chained[1]:.2f} ms each; without chain and counts {free[0]:.0f}/s, {free[1]:.2f} ms each", flush=True)
    finally:
        postgres.stop()
    postgres = migrated()
    try:
        fill(postgres, rows)
        begun = time.monotonic()
        verified = subprocess.run([BINARIES / "store-platform", "audit", "verify"], env={"DATABASE_URL": postgres.url}, capture_output=True, text=True)
        print(f"verify, {time.monotonic() - begun:.1f} s: {(verified.stdout or verified.stderr).splitlines()[0]}", flush=True)
        writer = pgbench(postgres, APPEND, 2, 30)
        time.sleep(1)
        print(f"{'the slowest of 3, with records being added':<56}{'seconds':>9}{'rows':>8}{'buffers':>9}  top of the plan")
        slow, begun = [], time.monotonic()
        for title, query in sections + [("(for comparison: 30 days of the log itself, counted)", """
                SELECT (at AT TIME ZONE 'UTC')::date AS day, account_id, actor, action, count(*) FROM reporting.audit_log
                WHERE at > now() - interval '30 days' GROUP BY 1, 2, 3, 4""")]:
            plans = [explain(postgres, query) for _ in range(3)]
            plan = max(plans, key=seconds)
            buffers = sum(int(number) for number in re.findall(r"(?:hit|read)=(\d+)", re.search(r"Buffers:.*", plan)[0]))
            returned = re.search(r"actual time=\S+ rows=(\d+)", plan).group(1)
            print(f"{title[:55]:<56}{seconds(plan):>9.3f}{returned:>8}{buffers:>9}  {scans(plan)}", flush=True)
            if seconds(plan) > 1 and not title.startswith("("):
                slow.append(title)
        print(f"  (the queries took {time.monotonic() - begun:.0f} s)")
        tps, latency = rate(writer)
        print(f"the writers meanwhile: {tps:.0f} records/s, {latency:.2f} ms each")
        print(f"slower than 1 s: {', '.join(slow) or 'none'}")
    finally:
        postgres.stop()


def seconds(plan):
    return sum(float(number) for number in re.findall(r"(?:Planning|Execution) Time: ([\d.]+) ms", plan)) / 1000


def scans(plan):
    """Its first node, and the scan beneath that it stands on."""
    nodes = re.findall(r"^\s*(?:->)?\s*(.+?)  \(cost", plan, re.M)
    return f"{nodes[0]} … {next((node for node in nodes if 'Scan' in node), '')}"
