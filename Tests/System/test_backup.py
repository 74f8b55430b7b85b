"""Backup and restore with the commands of docs/deployment.md, into another server."""

import re
import subprocess

from platform_under_test import BINARIES, ROOT, Platform, Postgres, wait_until

# What a database of the chart begins with (helm/store-platform/postgresql, and its container “roles”).
BUNDLED = """CREATE ROLE store_platform LOGIN;
CREATE ROLE store_platform_application LOGIN;
CREATE ROLE store_platform_auditor LOGIN;
CREATE DATABASE store_platform OWNER store_platform;"""


def bundled(postgres):
    for statement in BUNDLED.splitlines():
        postgres.query(statement)


def url(postgres, role):
    return f"postgresql://{role}@127.0.0.1:{postgres.port}/store_platform"


def documented(pattern):
    """What a command line of the section “Backup” runs in the database's pod, without the names of files."""
    section = re.search(r"^## Backup$.*?^## ", (ROOT / "docs/deployment.md").read_text(), re.M | re.S)[0]
    return re.search(pattern, section, re.M | re.S)[1]


def run(postgres, command, **streams):
    host = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port)}
    return subprocess.run(command.split(), env={**host, "PATH": "/usr/bin:/bin"}, check=True, **streams)


def page(platform, cursor="0-0"):
    return platform.session.get(f"{platform.url}/api/v1/events?limit=200&cursor={cursor}", timeout=10).json()


def told(platform):
    return [(event["storeId"], event["seq"], event["message"]) for event in page(platform)["items"]]


def rename(platform, store_id, name):
    version = platform.store(store_id)["version"]
    answer = platform.session.patch(f"{platform.url}/api/v1/stores/{store_id}", json={"name": name}, headers={"If-Match": f'"{version}"'}, timeout=10)
    assert answer.status_code == 200, answer.text


def test_a_dump_restored_into_another_server_goes_on():
    """The other server is younger: its transactions have lower numbers than those that wrote the events."""
    platform, younger = Platform(), Postgres()
    try:
        for postgres in (platform.postgres, younger):
            bundled(postgres)
        platform.settings["DATABASE_URL"] = url(platform.postgres, "store_platform")
        with platform:
            store_id = platform.wait_for_phase(platform.create("Blue Teapots")["id"], "ready")["id"]
            platform.postgres.query("DO $$ BEGIN FOR n IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
            rename(platform, store_id, "Red Teapots")
            before = wait_until(lambda: [event for event in told(platform) if "Red" in event[2]] and told(platform), 10, "the rename to be told")
            place = page(platform)["next"]
            platform.service.terminate()

            dump = platform.postgres.directory / "store-platform.dump"
            with open(dump, "wb") as file:
                run(platform.postgres, documented(r"^ +(pg_dump [^>]+?) >"), stdout=file)
            run(younger, documented(r"-- (psql [^<]+?) <<'SQL'"), input=documented(r"<<'SQL'\n(.*?)\n +SQL$").encode())
            with open(dump, "rb") as file:
                run(younger, documented(r"^ +(pg_restore [^<]+?) <"), stdin=file)
            platform.settings["DATABASE_URL"] = url(younger, "store_platform")
            subprocess.run([BINARIES / "store-platform", "migrate", "--roles"], env=platform.settings, check=True, stdout=subprocess.DEVNULL)

            platform.settings["DATABASE_URL"] = url(younger, "store_platform_application")
            platform.start()
            assert platform.wait_for_phase(store_id, "ready")["name"] == "Red Teapots"
            assert told(platform)[:len(before)] == before
            place = page(platform, place)["next"]
            rename(platform, store_id, "Green Teapots")
            wait_until(lambda: any("Green" in event["message"] for event in page(platform, place)["items"]), 10, "a reader from before to be told of what is new")
            verified = subprocess.run([BINARIES / "store-platform", "audit", "verify"], env={"DATABASE_URL": url(younger, "store_platform_auditor")},
                                      capture_output=True, text=True, check=False)
            assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        younger.stop()
