"""kill -9 of the service at any moment: the store ends where it should, in one namespace, its secret unchanged."""

import pytest
import requests

from platform_under_test import Platform, wait_until


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        yield running


def secret(platform, store_id):
    answer = platform.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials")
    return answer.json()["data"] if answer.status_code == 200 else None


# How many events the store has when the blow falls: each is another moment of its way.
@pytest.mark.parametrize("moment", [1, 2, 5, 8, 11, 13, 14, 17, 18, 20])
def test_a_store_survives_a_kill_while_it_is_made(platform, moment):
    store = platform.create(f"Kill at {moment} events")
    wait_until(lambda: len(platform.events(store["id"])) >= moment, 20, f"{moment} events")
    before = secret(platform, store["id"])
    platform.service.kill()
    platform.start()
    platform.wait_for_phase(store["id"], "ready")
    assert platform.namespaces().count(f"store-{store['id']}") == 1
    after = secret(platform, store["id"])
    assert after is not None
    if before is not None:
        assert after == before
    seqs = [event["seq"] for event in platform.events(store["id"])]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("moment", range(10))
def test_a_deletion_survives_a_kill(platform, moment):
    store = platform.create(f"Gone after {moment}")
    platform.wait_for_phase(store["id"], "ready" if moment % 2 else "provisioning")
    answer = platform.session.delete(f"{platform.url}/api/v1/stores/{store['id']}", timeout=10)
    assert answer.status_code == 202
    # Calls to the cluster mark the moments of a deletion.
    path = f"/api/v1/namespaces/store-{store['id']}"
    if moment >= 5:
        def is_going():
            namespace = platform.cluster(path)
            return namespace.status_code == 404 or "deletionTimestamp" in namespace.json()["metadata"]
        wait_until(is_going, 20, "the namespace to be going")
    platform.service.kill()
    platform.start()
    platform.wait_for_phase(store["id"], "deleted")
    assert platform.cluster(path).status_code == 404
    rows = platform.postgres.query(f"SELECT action FROM audit_log WHERE target = '{store['id']}' ORDER BY id")
    assert rows == [["store.create"], ["store.delete"]]
    again = platform.create(f"Gone after {moment}")  # the address is free again
    assert again["slug"] == store["slug"] and again["id"] != store["id"]


def test_rows_that_were_lost_are_written_again_from_their_namespaces(platform):
    store = platform.create("Found again")
    ready = platform.wait_for_phase(store["id"], "ready")
    size = f"SELECT cpu, memory, storage FROM stores WHERE id = '{store['id']}'"
    ordered = platform.postgres.query(size)
    platform.service.terminate()
    platform.postgres.query(
        "SET session_replication_role = replica; "  # the triggers that keep events append-only do not fire
        f"DELETE FROM work; DELETE FROM store_events WHERE store_id = '{store['id']}'; DELETE FROM stores WHERE id = '{store['id']}'")
    platform.start()
    adopted = wait_until(lambda: platform.store(store["id"]).get("phase") == "ready" and platform.store(store["id"]), 20, "the adoption")
    for field in ("id", "name", "slug", "engine", "plan", "account", "createdAt"):
        assert adopted[field] == ready[field]
    assert platform.postgres.query(size) == ordered and "" not in ordered[0]
    assert platform.events(store["id"])[0]["type"] == "adopted"


def test_a_namespace_that_was_deleted_by_hand_is_made_again(platform):
    store = platform.create("Made twice")
    platform.wait_for_phase(store["id"], "ready")

    requests.delete(f"{platform.cluster_url}/api/v1/namespaces/store-{store['id']}", timeout=10)
    wait_until(lambda: platform.store(store["id"])["phase"] != "ready", 20, "the loss to be noticed")
    platform.wait_for_phase(store["id"], "ready")
    assert platform.namespaces().count(f"store-{store['id']}") == 1


def test_sigterm_ends_the_service_cleanly(platform):
    assert platform.service.terminate() == 0
    platform.start()
