"""The bundled database's first start, interrupted or not. Entry point and psql are stand-ins that keep the real ones' order."""

import os
import subprocess

import pytest

from rendering import CHART, containers, installation, named

SCRIPTS = CHART / "postgresql"

# Like the image's: over an empty directory initdb, then the scripts, then the server; over a used one the server alone.
ENTRY_POINT = """#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    [ "$DIES" != "in initdb" ] || exit 137
    echo 15 >"$PGDATA/PG_VERSION"
    [ "$DIES" != "before the script" ] || exit 137
    "$SCRIPT"
fi
echo "$@" >"$PGDATA/served"
"""
PSQL = """#!/bin/sh
set -eu
[ "$DIES" != "in the script" ] || exit 137
cat >"$PGDATA/roles"
"""


@pytest.fixture
def start(tmp_path):
    """Starts the pod's command over one volume; `dies` names a moment. Returns the exit code."""
    binaries = tmp_path / "bin"
    volume = tmp_path / "volume"
    binaries.mkdir()
    volume.mkdir()
    script = (SCRIPTS / "10-create-database.sh").read_text()
    for name, text in (("docker-entrypoint.sh", ENTRY_POINT), ("psql", PSQL), ("script", script)):
        (binaries / name).write_text(text)
        (binaries / name).chmod(0o755)

    def run(dies=""):
        environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PGDATA": str(volume / "pgdata"),
            "SCRIPT": str(binaries / "script"),
            "DIES": dies,
        }
        return subprocess.run(["sh", SCRIPTS / "start.sh", "-c", "max_connections=7"], env=environment, check=False).returncode

    run.data = volume / "pgdata"
    run.volume = volume
    return run


def test_a_first_start_makes_the_role_and_leaves_no_mark(start):
    assert start() == 0
    assert "CREATE ROLE store_platform" in (start.data / "roles").read_text()
    assert [path.name for path in start.volume.iterdir()] == ["pgdata"]
    assert (start.data / "served").read_text() == "postgres -c max_connections=7\n"


@pytest.mark.parametrize("moment", ["in initdb", "before the script", "in the script"])
def test_a_first_start_that_was_killed_is_made_anew(start, moment):
    assert start(dies=moment) == 137
    assert not (start.data / "served").exists()
    assert start() == 0
    assert "CREATE ROLE store_platform" in (start.data / "roles").read_text()


def test_a_database_in_use_is_never_emptied(start):
    start()
    (start.data / "orders").write_text("precious")
    for _ in range(2):
        assert start() == 0
    assert (start.data / "orders").read_text() == "precious"


def test_a_volume_that_was_restored_without_its_mark_is_left_as_it_is(start):
    start.data.mkdir()
    (start.data / "PG_VERSION").write_text("15\n")
    (start.data / "orders").write_text("precious")
    assert start() == 0
    assert (start.data / "orders").read_text() == "precious"


def test_the_pod_runs_these_scripts():
    objects = installation("default")
    held = named(objects, "ConfigMap", "store-platform-postgresql")["data"]
    assert held == {path.name: path.read_text() for path in SCRIPTS.iterdir()}
    database = named(objects, "StatefulSet", "store-platform-postgresql")
    (container,) = containers(database)
    mounted = {mount["subPath"]: mount["mountPath"] for mount in container["volumeMounts"] if "subPath" in mount}
    # The roles are made by the pods that migrate.
    assert mounted.keys() == held.keys() - {"roles.sql"}
    assert container["command"] == ["/bin/sh", mounted["start.sh"]]
    assert f"hba_file={mounted['pg_hba.conf']}" in container["args"]
    assert mounted["10-create-database.sh"].startswith("/docker-entrypoint-initdb.d/")
    # Read into the entry point's own shell, where it is not executable, the script's `set -u` would stay in force there.
    (scripts,) = [v for v in database["spec"]["template"]["spec"]["volumes"] if v["name"] == "scripts"]
    assert scripts["configMap"]["defaultMode"] == 0o555
