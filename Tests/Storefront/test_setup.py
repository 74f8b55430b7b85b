"""The set-up program: Node's own, on a real PostgreSQL; only Medusa itself is stood in for."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
from ingress import ROOT, free_port
from medusa_shop import KEY

HERE = pathlib.Path(__file__).resolve().parent
SETUP = ROOT / "images" / "medusa" / "backend" / "setup.js"
STEPS = ["environment", "database", "migrate", "key", "administrator", "store", "region", "tax", "channel", "location", "shipping", "catalogue", "storefront", "order"]
PASSWORD = "p@ss/word:with?everything"


def bash(script):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", f". {ROOT}/scripts/common.sh\n{script}"], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def node_pg():
    """Debian's node-pg, unpacked for ourselves: it is the library that the image has from npm."""
    home = ROOT / ".build" / "node-pg"
    if not (home / "usr/share/nodejs/pg").exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            packages = ["node-pg", "node-split2", "node-xtend", "node-readable-stream"]
            subprocess.run(["apt-get", "download", "-qq", *packages], cwd=scratch, check=True, capture_output=True)
            for package in pathlib.Path(scratch).glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", package, home], check=True)
    return home / "usr/share/nodejs"


@pytest.fixture(scope="session")
def postgres():
    directory, port = pathlib.Path(bash("reachable_directory")), free_port()
    bash(f"postgres_start {directory}/data {port}")
    yield directory, port
    bash(f"postgres_stop {directory}/data immediate")
    shutil.rmtree(directory)


class Store:
    """The environment of one store's set-up, and what came of running it."""

    def __init__(self, port, home, node_pg):
        self.port, self.home = port, home
        (home / "password").write_text("correct horse\n")
        (home / "key").write_text(KEY)
        self.environment = {
            "PATH": os.environ["PATH"], "NODE_PATH": f"{node_pg}:{HERE / 'modules'}", "FAKE_PYTHON": sys.executable, "FAKE_STATE": str(home / "state"),
            "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(port), "DATABASE_NAME": "medusa", "DATABASE_USER": "medusa", "DATABASE_PASSWORD": PASSWORD,
            "JWT_SECRET": "j" * 48, "COOKIE_SECRET": "c" * 48, "MEDUSA_BACKEND_URL": "http://shop.example", "STORE_NAME": "Clay & Leaf",
            "STORE_ADMIN_EMAIL": "admin@shop.example", "STORE_ADMIN_PASSWORD_FILE": str(home / "password"), "STORE_PUBLISHABLE_KEY_FILE": str(home / "key"),
        }  # fmt: skip

    def run(self, **changes):
        environment = {name: value for name, value in (self.environment | changes).items() if value is not None}
        outcome = subprocess.run(["node", SETUP], env=environment, capture_output=True, text=True, timeout=120)
        outcome.steps = {line["step"]: line for line in map(json.loads, outcome.stdout.splitlines())}
        for line in outcome.steps.values():
            assert list(line) == ["step", "state", "message", "seconds"] and isinstance(line["seconds"], (int, float))
        outcome.reason = (outcome.stderr.splitlines() or [""])[-1]
        return outcome

    def query(self, sql):
        command = ["psql", "-XAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "medusa", "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def store(postgres, node_pg, tmp_path):
    directory, port = postgres
    rules = "host all postgres 127.0.0.1/32 trust\nhost all medusa 127.0.0.1/32 scram-sha-256\n"
    (directory / "data" / "pg_hba.conf").write_text(rules)
    prepare = f"DROP DATABASE IF EXISTS medusa WITH (FORCE);DROP ROLE IF EXISTS medusa;CREATE ROLE medusa LOGIN PASSWORD '{PASSWORD}';CREATE DATABASE medusa OWNER medusa;SELECT pg_reload_conf()"
    for statement in prepare.split(";"):
        subprocess.run(["psql", "-Xq", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", statement], check=True, capture_output=True)
    return Store(port, tmp_path, node_pg)


def test_an_empty_database_becomes_a_store_that_sells(store):
    outcome = store.run()
    assert outcome.returncode == 0, outcome.stderr
    assert list(outcome.steps) == STEPS and {line["state"] for line in outcome.steps.values()} == {"done"}
    assert outcome.steps["order"]["message"] == "Order number 1 was placed through the storefront's API, and taken back."
    assert "correct horse" not in outcome.stdout + outcome.stderr and PASSWORD not in outcome.stdout + outcome.stderr
    assert store.query("SELECT token, salt, redacted, type FROM api_key") == f"{KEY}||pk_5a5***a5a|publishable"


def test_what_it_has_set_up_sells_to_others_too(store):
    store.run(STORE_COUNTRY="de", STORE_CURRENCY="eur")
    port = free_port()
    key_row = store.query("SELECT id || '=' || token FROM api_key")
    command = [sys.executable, HERE / "medusa_start.py", "--port", str(port), "--state", store.environment["FAKE_STATE"]]
    backend = subprocess.Popen(command, env=store.environment | {"FAKE_KEYS": key_row})
    try:
        bash(f"wait_for http://127.0.0.1:{port}/health 10 {backend.pid}")
        outcome = subprocess.run([ROOT / "scripts" / "try-medusa", f"http://127.0.0.1:{port}", "--publishable-key", KEY, "--product", "morning-tea"], capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr
        assert "Germany, eur, to de" in outcome.stdout and "Standard delivery; total 12.5 eur" in outcome.stdout
    finally:
        backend.terminate()
        backend.wait()


def test_a_second_run_changes_nothing(store):
    store.run()
    before = store.query("SELECT (SELECT count(*) FROM api_key), (SELECT count(*) FROM \"user\"), (SELECT max(app_metadata::text) FROM auth_identity)")
    again = store.run(STORE_NAME="Another name", STORE_CURRENCY="eur")
    assert again.returncode == 0, again.stderr
    skipped = [step for step, line in again.steps.items() if line["state"] == "skipped"]
    assert skipped == ["key", "administrator", "store", "region", "tax", "channel", "location", "shipping", "catalogue"]
    assert store.query("SELECT (SELECT count(*) FROM api_key), (SELECT count(*) FROM \"user\"), (SELECT max(app_metadata::text) FROM auth_identity)") == before


def test_an_empty_catalogue_stays_empty(store):
    outcome = store.run(STORE_CATALOGUE="empty", STORE_COUNTRY="JP", STORE_CURRENCY="JPY")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.steps["region"]["message"] == "The region Japan sells in jpy."
    assert outcome.steps["catalogue"]["state"] == outcome.steps["order"]["state"] == "skipped"
    assert outcome.steps["storefront"]["message"].endswith("0 products.")


def test_every_fault_of_the_environment_is_said_in_one_line(store):
    (store.home / "key").write_text("pk_short")
    outcome = store.run(DATABASE_HOST=None, JWT_SECRET="supersecret", STORE_COUNTRY="Japan", STORE_ADMIN_PASSWORD_FILE="/none", MEDUSA_BACKEND_URL="shop")
    assert outcome.returncode == 78 and outcome.steps["environment"]["state"] == "failed" and len(outcome.steps) == 1
    for fault in ("DATABASE_HOST is not set", "JWT_SECRET is no secret", 'STORE_COUNTRY is "Japan"', "/none, which cannot be read (ENOENT)", "MEDUSA_BACKEND_URL", "pk_ and 64"):
        assert fault in outcome.reason
    assert "supersecret" not in outcome.stderr and "pk_short" not in outcome.stderr


def test_a_refused_password_is_said_at_once(store):
    outcome = store.run(DATABASE_PASSWORD="wrong")
    assert outcome.returncode == 1 and outcome.steps["database"]["seconds"] < 2
    assert outcome.reason.startswith("Set-up failed: the database refused the password (28P01)")
    assert "the database does not exist (3D000)" in store.run(DATABASE_NAME="none").reason


def test_a_failed_migration_says_why(store):
    outcome = store.run(FAKE_MIGRATION_FAILS="1")
    assert outcome.returncode == 1 and outcome.steps["migrate"]["state"] == "failed"
    assert outcome.reason == 'Set-up failed: the migrations ended with 1: error: column "x" does not exist'


def test_a_run_killed_within_the_administrator_is_mended_by_the_next(store):
    killed = store.run(FAKE_KILLED_HALFWAY="1")
    assert killed.returncode == 1 and "SIGKILL" in killed.reason
    assert store.query('SELECT count(*) FROM "user"') == "1"
    outcome = store.run()
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.steps["administrator"]["state"] == "done" and store.query('SELECT count(*) FROM "user"') == "1"


def test_a_revoked_key_is_not_given_back_in_silence(store):
    store.run()
    store.query("UPDATE api_key SET revoked_at = now()")
    assert "has been revoked" in store.run().reason
