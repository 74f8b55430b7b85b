"""Who connects to the database as whom, and what each may do there: the rendered containers run against a real PostgreSQL."""

import base64
import re
import signal
import subprocess

import pytest
import requests

from bundled import BundledPostgres, Pods, secret
from cluster import cluster, render_in
from platform_under_test import BINARIES, Postgres, Process, free_port, wait_until, write_kubeconfig
from rendering import (
    INSTALLATIONS, MINIMAL, PROJECT, container_named, containers, installation, merged, named, of_kind, render, variables, workloads,
)

OWNER = ("store-platform-postgresql", "url")
APPLICATION = ("store-platform-application", "url")
AUDITOR = ("store-platform-auditor", "url")


@pytest.mark.parametrize(
    "name, owner, application, auditor",
    [
        ("default", OWNER, APPLICATION, None),
        ("audit jobs", OWNER, APPLICATION, AUDITOR),
        ("existing secrets", ("my-database", "url"), ("my-database", "url"), None),
        ("existing secrets of every role", ("my-database", "url"), ("my-application", "url"), ("my-auditor", "url")),
        ("external database of the owner", ("their-database", "url"), ("their-database", "url"), ("their-database", "url")),
        (
            "external database",
            ("their-database", "url"),
            ("store-platform-external-application", "url"),
            ("store-platform-external-auditor", "url"),
        ),
    ],
)
def test_each_connects_as_the_role_of_its_work(name, owner, application, auditor):
    roles = {"migrate": owner, "store-platform": application, "archive": owner, "verify": auditor}
    urls = {
        (workload["metadata"]["name"], container["name"]): variables(container)["DATABASE_URL"]
        for workload in of_kind(installation(name), "Deployment", "CronJob")
        for container in containers(workload)
        if container["name"] != "roles"
    }
    assert {("store-platform-api", "migrate"), ("store-platform-api", "store-platform")} <= urls.keys()
    assert (("store-platform-verify", "verify") in urls) is (auditor is not None)
    assert urls == {key: roles[key[1]] for key in urls}


def test_a_key_of_an_external_secret_can_be_named():
    external = {"existingSecret": "both", "key": "owner", "applicationSecret": "both", "applicationKey": "application"}
    objects = render(merged(MINIMAL, {"postgresql": {"enabled": False}, "externalDatabase": external}))
    migrate, service = containers(named(objects, "Deployment", "store-platform-api"))
    assert [variables(c)["DATABASE_URL"] for c in (migrate, service)] == [("both", "owner"), ("both", "application")]


def test_what_serves_holds_no_password_but_the_applications():
    for name in ("default", "local", "prod", "everything set"):
        objects = installation(name)
        database = {s["metadata"]["name"] for s in of_kind(objects, "Secret")} - {"store-platform-admin", "shops-admin"}
        for deployment in of_kind(objects, "Deployment"):
            *before, service = containers(deployment)
            held = {value[0] for value in variables(service).values() if isinstance(value, tuple)} & database
            assert {name.partition("-application")[1] for name in held} == {"-application"}
            assert [c["name"] for c in before] == ["roles", "migrate"]


def test_roles_are_asked_for_where_the_service_uses_them():
    for name in INSTALLATIONS:
        for deployment in of_kind(installation(name), "Deployment"):
            before = {c["name"]: c for c in containers(deployment)[:-1]}
            uses = name not in ("existing secrets", "external database of the owner")
            assert before["migrate"]["args"] == (["migrate", "--roles"] if uses else ["migrate"]), name
            assert ("roles" in before) is (uses and name != "external database"), name


def test_no_password_is_an_argument(objects):
    for workload in workloads(objects):
        for container in containers(workload):
            words = container.get("command", []) + container.get("args", [])
            assert not [word for word in words if "password" in word.lower() or "$(" in word]


def test_an_installation_from_before_the_roles_gets_their_passwords_once(tmp_path):
    before = [s for s in of_kind(render(MINIMAL), "Secret") if s["metadata"]["name"] in ("store-platform-admin", "store-platform-postgresql")]
    with cluster(before) as address:
        upgraded = of_kind(render_in(address, MINIMAL, tmp_path), "Secret")
    assert [named(upgraded, "Secret", s["metadata"]["name"])["data"] for s in before] == [s["data"] for s in before]
    assert len(upgraded) == 4
    with cluster(upgraded) as address:
        again = of_kind(render_in(address, MINIMAL, tmp_path), "Secret")
    assert [s["data"] for s in again] == [s["data"] for s in upgraded]


# From here on against a real PostgreSQL.


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """The pods of an installation that was made with the owner alone, and whose upgrade has brought the roles."""
    objects = installation("prod")
    before = render(merged(INSTALLATIONS["prod"], {"postgresql": {"existingSecret": OWNER[0]}})) + of_kind(objects, "Secret")
    with BundledPostgres(objects) as postgres:
        assert "Applied: 0001" in Pods(before, postgres, tmp_path_factory.mktemp("before")).migrate()
        assert append(postgres, secret(objects, *OWNER)).returncode == 0
        pods = Pods(objects, postgres, tmp_path_factory.mktemp("after"))
        assert "have what they may do" in pods.migrate()
        yield pods


def append(postgres, url):
    return postgres.as_role(
        url,
        "INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)"
        " VALUES ('someone', 'admin', 'default', '::1', 'r', 'store.create', 's', 'ok')",
    )


def month(postgres):
    return postgres.query("SELECT to_char(now() AT TIME ZONE 'UTC', '\"audit_log_\"YYYY_MM')")[0][0]


def test_the_application_adds_to_the_log_and_can_change_nothing_of_it(upgraded):
    postgres, url = upgraded.postgres, secret(upgraded.objects, *APPLICATION)
    assert append(postgres, url).returncode == 0
    assert postgres.as_role(url, "SELECT count(*) >= 2 FROM audit_log").stdout == "t\n"
    for table in ("audit_log", month(postgres)):
        for statement in (
            f"UPDATE {table} SET actor = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        ):
            refused = postgres.as_role(url, statement)
            assert refused.returncode == 1 and ("permission denied" in refused.stderr or "must be owner" in refused.stderr), statement
    for statement in ("CREATE TABLE t (n int)", "CREATE TEMP TABLE t (n int)", "SET ROLE store_platform", "CREATE ROLE mine"):
        assert "denied" in postgres.as_role(url, statement).stderr, statement


def test_the_auditor_reads_the_views_and_nothing_else(upgraded):
    postgres, url = upgraded.postgres, secret(upgraded.objects, *AUDITOR)

    def relations(kinds, schema):
        return [row[0] for row in postgres.query(
            f"SELECT relname FROM pg_class WHERE relkind IN ({kinds}) AND relnamespace = '{schema}'::regnamespace")]

    views, tables = relations("'v'", "reporting"), relations("'r', 'p'", "public")
    assert len(views) >= 9 and {"audit_log", "stores", "tokens", "sessions", month(postgres)} <= set(tables)
    for view in views:
        assert postgres.as_role(url, f"SELECT count(*) FROM reporting.{view}").returncode == 0, view
    for table in tables:
        assert "permission denied" in postgres.as_role(url, f"SELECT FROM public.{table}").stderr, table
    for statement in ("DELETE FROM reporting.audit_log", "UPDATE reporting.stores SET name = 'x'", "CREATE TABLE public.t (n int)", "CREATE ROLE mine"):
        assert "denied" in postgres.as_role(url, f"SET TRANSACTION READ WRITE; {statement}").stderr, statement


def test_what_an_auditor_forgets_ends_by_itself(upgraded):
    bounds = ("idle_in_transaction_session_timeout", "statement_timeout", "transaction_read_only")
    shown = upgraded.postgres.as_role(secret(upgraded.objects, *AUDITOR), "SELECT " + ", ".join(f"current_setting('{name}')" for name in bounds))
    assert shown.stdout == "1min|15min|on\n"
    assert upgraded.postgres.query("SELECT rolname FROM pg_roles WHERE rolconnlimit = 10") == [["store_platform_auditor"]]


def test_nobody_enters_without_the_password_of_the_secret(upgraded):
    for role in (OWNER, APPLICATION, AUDITOR):
        url, password = secret(upgraded.objects, *role), secret(upgraded.objects, role[0], "password")
        assert upgraded.postgres.as_role(url, "SELECT").returncode == 0
        assert "authentication failed" in upgraded.postgres.as_role(url.replace(password, "guessed"), "SELECT").stderr
    superuser = f"postgresql://postgres:guessed@127.0.0.1:{upgraded.postgres.port}/postgres"
    assert "authentication failed" in upgraded.postgres.as_role(superuser, "SELECT").stderr


def test_the_servers_log_tells_no_password(upgraded):
    log = upgraded.postgres.log()
    assert "GRANT CONNECT ON DATABASE" in log, "it logs every statement"
    held = {s["metadata"]["name"]: s["data"] for s in of_kind(upgraded.objects, "Secret") if s["metadata"]["name"] != "store-platform-admin"}
    passwords = [base64.b64decode(data[key]).decode() for data in held.values() for key in data if key != "url"]
    assert len(passwords) == 4 and not [password for password in passwords if password in log]


def test_pods_that_start_at_once_do_not_trip_over_each_other(upgraded):
    for name in ("roles", "migrate"):
        running = [upgraded.start("Deployment", f"store-platform-{part}", name) for part in ("api", "worker") * 4]
        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
        assert [code for _, code in ended] == [0] * 8, ended


def test_the_service_serves_with_what_its_container_holds(upgraded, tmp_path):
    ports = [free_port() for _ in range(3)]
    simulator = Process(
        [BINARIES / "cluster-simulator", "--port", str(ports[0]), "--ingress-port", str(ports[1])], None, tmp_path / "cluster.log")
    simulator.start()
    kubeconfig = tmp_path / "kubeconfig"
    write_kubeconfig(kubeconfig, f"http://127.0.0.1:{ports[0]}")
    here = {"KUBECONFIG": str(kubeconfig), "STORE_PLATFORM_LISTEN": f"127.0.0.1:{ports[2]}", "STORE_PLATFORM_DRAIN_PAUSE": "0"}
    service = upgraded.start("Deployment", "store-platform-api", "store-platform", **here)
    url = f"http://127.0.0.1:{ports[2]}"

    def is_ready():
        try:
            return requests.get(f"{url}/readyz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    try:
        wait_until(is_ready, 15, "the service to be ready")
        token = secret(upgraded.objects, "store-platform-admin", "token")
        order = {"name": "With roles", "engine": "woocommerce"}
        answer = requests.post(f"{url}/api/v1/stores", json=order, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 202, answer.text
        users = upgraded.postgres.query("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'store-platform'")
        assert users == [["store_platform_application"]]
    finally:
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=45)
        simulator.terminate()
    recorded = upgraded.postgres.query("SELECT action, result FROM audit_log WHERE target = '%s'" % answer.json()["id"])
    assert recorded == [["store.create", "ok"]]


def test_a_password_that_was_changed_in_its_secret_is_the_databases_after_the_next_pod(upgraded, tmp_path):
    objects = [item for item in upgraded.objects if item["metadata"]["name"] != AUDITOR[0]]
    (other,) = [s for s in of_kind(render(INSTALLATIONS["prod"]), "Secret") if s["metadata"]["name"] == AUDITOR[0]]
    changed = Pods([*objects, other], upgraded.postgres, tmp_path)
    changed.migrate()
    assert upgraded.postgres.as_role(secret(changed.objects, *AUDITOR), "SELECT").returncode == 0
    assert "authentication failed" in upgraded.postgres.as_role(secret(upgraded.objects, *AUDITOR), "SELECT").stderr
    upgraded.migrate()


def test_roles_that_nobody_made_are_told_of(tmp_path):
    objects = installation("default")
    with BundledPostgres(objects) as postgres:
        alone = Pods(objects, postgres, tmp_path).run("Deployment", "store-platform-api", "migrate")
        assert alone.returncode == 1 and "The role store_platform_application is not there" in alone.stderr


def test_a_database_elsewhere_that_is_made_as_the_page_says_can_be_migrated():
    (statements,) = re.findall(r"^```sql\n(.*?)^```", (PROJECT / "docs/deployment.md").read_text(), re.MULTILINE | re.DOTALL)
    postgres = Postgres()
    try:
        subprocess.run(["psql", "-Xq", "--set=ON_ERROR_STOP=1", postgres.url], input=statements, text=True, check=True)
        migrate = container_named(named(installation("external database"), "Deployment", "store-platform-api"), "migrate")
        urls = {role: f"postgresql://{role}@127.0.0.1:{postgres.port}/store_platform" for role in ("store_platform", "store_platform_application")}
        environment = {"DATABASE_URL": urls["store_platform"], "STORE_PLATFORM_MIGRATIONS": str(PROJECT / "migrations")}
        done = subprocess.run([BINARIES / "store-platform", *migrate["args"]], env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and "have what they may do" in done.stdout, done.stderr
        read = subprocess.run(["psql", "-XAtq", urls["store_platform_application"], "-c", "SELECT count(*) FROM audit_log"], capture_output=True, text=True)
        assert read.stdout == "0\n", read.stderr
        assert postgres.query("SELECT rolconnlimit, array_length(rolconfig, 1) FROM pg_roles WHERE rolname = 'store_platform_auditor'") == [["10", "4"]]
    finally:
        postgres.stop()
