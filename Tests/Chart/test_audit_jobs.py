"""The jobs over the audit log: when there are any, and what their rendered containers do to a real log."""

import json
import os
import pathlib

import pytest

from bundled import BundledPostgres, Pods
from platform_under_test import BINARIES
from rendering import MINIMAL, container_named, installation, merged, named, of_kind, pod_template, render, variables


def jobs(objects):
    return {job["metadata"]["name"]: job for job in of_kind(objects, "CronJob")}


@pytest.mark.parametrize(
    "audit, names",
    [
        ({}, []),
        ({"retention": 12}, ["store-platform-archive"]),
        ({"verification": {"enabled": True}}, ["store-platform-verify"]),
        ({"retention": 1, "verification": {"enabled": True}}, ["store-platform-archive", "store-platform-verify"]),
    ],
)
def test_there_is_a_job_where_it_is_wanted_and_a_volume_where_there_is_a_job(audit, names):
    objects = render(merged(MINIMAL, {"audit": audit}))
    assert sorted(jobs(objects)) == names
    assert len(of_kind(objects, "PersistentVolumeClaim")) == (1 if names else 0)
    assert ("store-platform-audit" in {p["metadata"]["name"] for p in of_kind(objects, "NetworkPolicy")}) is bool(names)


def test_a_job_runs_once_at_a_time_and_ends(objects):
    for job in jobs(objects).values():
        spec = job["spec"]
        assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Etc/UTC")
        assert 1 <= spec["successfulJobsHistoryLimit"] <= 10 and 1 <= spec["failedJobsHistoryLimit"] <= 10
        assert spec["startingDeadlineSeconds"] and spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
        pod = pod_template(job)["spec"]
        assert pod["restartPolicy"] == "Never"
        assert "serviceAccountName" not in pod and pod["automountServiceAccountToken"] is False


def test_the_given_times_sizes_and_classes_arrive():
    objects = installation("everything set")
    assert {name: job["spec"]["schedule"] for name, job in jobs(objects).items()} == {"shops-archive": "0 1 2 * *", "shops-verify": "0 * * * *"}
    archive = variables(container_named(named(objects, "CronJob", "shops-archive"), "archive"))
    assert archive["STORE_PLATFORM_AUDIT_RETENTION"] == "6"
    (claim,) = of_kind(objects, "PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi" and claim["spec"]["storageClassName"] == "slow"


def test_what_was_archived_stays_when_the_release_goes():
    (claim,) = of_kind(installation("prod"), "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("name", ["archive", "verify"])
def test_both_write_to_the_volume(name):
    job = named(installation("audit jobs"), "CronJob", f"store-platform-{name}")
    mounts = {mount["name"]: mount["mountPath"] for mount in container_named(job, name)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod_template(job)["spec"]["volumes"]}
    assert volumes["audit"]["persistentVolumeClaim"] == {"claimName": "store-platform-audit"}
    told = variables(container_named(job, name)).get("STORE_PLATFORM_AUDIT_ARCHIVE", mounts["audit"])
    assert told == mounts["audit"] == "/var/lib/store-platform/audit"


# From here on against a real PostgreSQL.


@pytest.fixture
def pods(tmp_path):
    """A migrated database with two records in its log."""
    objects = installation("audit jobs")
    with BundledPostgres(objects) as postgres:
        pods = Pods(objects, postgres, tmp_path)
        pods.migrate()
        append(postgres, 2)
        yield pods


def append(postgres, records):
    postgres.query(
        "INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)"
        f" SELECT 'someone', 'admin', 'default', '::1', 'r', 'store.create', 's', 'ok' FROM generate_series(1, {records})")


def verify(pods, **more):
    return pods.run("CronJob", "store-platform-verify", "verify", **more)


def volume(pods) -> pathlib.Path:
    return pods.home / "audit"


def test_a_month_that_is_old_enough_is_moved_to_the_volume(pods):
    # As if it had been written two years ago, in a chain of its own.
    pods.postgres.query("""
        SET session_replication_role = replica;
        DO $$ DECLARE r audit_log; link bytea := decode(repeat('00', 32), 'hex'); long_ago timestamptz := now() - interval '2 years'; BEGIN
            FOR r IN SELECT * FROM audit_log ORDER BY number LOOP
                UPDATE audit_log SET at = long_ago, previous_hash = link, hash = audit_hash(link, number, id, long_ago, actor, token_id, role,
                    account_id, remote_address, request_id, action, target, before, after, result)
                WHERE number = r.number RETURNING hash INTO link;
            END LOOP;
            UPDATE audit_head SET hash = link;
        END $$;
        RESET session_replication_role;
        SELECT audit_prepare_partitions()""")
    done = pods.run("CronJob", "store-platform-archive", "archive")
    assert done.returncode == 0 and "Moved:" in done.stdout, done.stderr
    (file,) = volume(pods).iterdir()
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2]
    assert pods.postgres.query("SELECT number, action FROM audit_log") == [["3", "audit.archive"]]
    again = pods.run("CronJob", "store-platform-archive", "archive")
    assert again.returncode == 0 and "No month is older" in again.stdout
    assert verify(pods).returncode == 0


def test_each_verification_leaves_and_prints_a_checkpoint(pods):
    first = verify(pods)
    assert first.returncode == 0, first.stderr
    append(pods.postgres, 3)
    second = verify(pods)
    assert second.returncode == 0 and "1 checkpoints agree" in second.stdout, second.stderr
    kept = (volume(pods) / "checkpoints").read_text().splitlines()
    assert [json.loads(line)["number"] for line in kept] == [2, 5]
    assert [run.stdout.splitlines()[-1] for run in (first, second)] == kept


def test_a_log_that_was_written_anew_fails_the_job_and_gets_no_checkpoint(pods):
    assert verify(pods).returncode == 0
    # A whole chain again, as its owner can make one.
    pods.postgres.query("""
        SET session_replication_role = replica;
        UPDATE audit_log SET actor = 'else', hash = audit_hash(previous_hash, number, id, at, 'else', token_id, role, account_id,
            remote_address, request_id, action, target, before, after, result) WHERE number = 2;
        UPDATE audit_head SET hash = (SELECT hash FROM audit_log WHERE number = 2)""")
    broken = verify(pods)
    assert broken.returncode == 1 and "2" in broken.stderr, broken
    assert len((volume(pods) / "checkpoints").read_text().splitlines()) == 1


def test_a_run_that_was_cut_short_spoils_no_checkpoint(pods, tmp_path):
    assert verify(pods).returncode == 0
    (volume(pods) / "checkpoints.partial").write_text('{"number": 1, "ha')
    # The database goes away between the verification and the checkpoint.
    stand_in = tmp_path / "store-platform"
    stand_in.write_text(f'#!/bin/sh\n[ "$2" != checkpoint ] || exit 69\nexec {BINARIES}/store-platform "$@"\n')
    stand_in.chmod(0o755)
    assert verify(pods, PATH=f"{tmp_path}:{os.environ['PATH']}").returncode == 69
    assert len((volume(pods) / "checkpoints").read_text().splitlines()) == 1
    assert "1 checkpoints agree" in verify(pods).stdout
    assert len((volume(pods) / "checkpoints").read_text().splitlines()) == 2
