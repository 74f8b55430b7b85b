"""Nobody exhausts the platform: a store for which the nodes have no room is refused, and so is a request that would only wait."""

import concurrent.futures
import functools
import subprocess
import threading

import pytest
import requests

from platform_under_test import TOKEN, Platform, wait_until

NODE = ("--node-cpu", "1", "--node-memory", "8Gi", "--node-pods", "50")
# A small WooCommerce store asks for 150m while it runs and 250m while it is made: of one CPU the sixth takes the last.
ROOM = 6


def order(platform, name):
    return platform.session.post(f"{platform.url}/api/v1/stores", json={"name": name, "engine": "woocommerce"}, timeout=20)


@pytest.fixture(scope="module")
def crowded():
    with Platform(simulator=NODE) as running:
        yield running


def test_of_stores_that_race_for_the_nodes_as_many_are_let_in_as_fit(crowded):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda index: order(crowded, f"Racing {index}"), range(20)))
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert [answer.status_code for answer in answers].count(202) == ROOM and len(refused) == 20 - ROOM
    assert {problem["code"] for problem in refused} == {"cluster_full"}
    assert "has room for 1 of CPU, its stores need 900m of that, and this one would need 250m more" in refused[0]["detail"]


def test_they_all_become_ready_and_a_deletion_makes_room_once_it_is_complete(crowded):
    stores = crowded.session.get(f"{crowded.url}/api/v1/stores", timeout=10).json()["items"]
    for store in stores:
        crowded.wait_for_phase(store["id"], "ready", 90)
    assert order(crowded, "Too Early").status_code == 409
    crowded.session.delete(f"{crowded.url}/api/v1/stores/{stores[0]['id']}", timeout=10)
    crowded.wait_for_phase(stores[0]["id"], "deleted")
    assert order(crowded, "In Time").status_code == 202


def run_neighbour(platform, cpu, namespace="default", labels=None, node=None):
    """A pod that is not of our stores, once it has a place."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "neighbour", "labels": labels or {}},
           "spec": {"containers": [{"name": "a", "image": "a", "resources": {"requests": {"cpu": cpu, "memory": "1Mi"}, "limits": {"cpu": cpu, "memory": "1Mi"}}}]}}
    if node:
        pod["spec"]["nodeName"] = node
    made = requests.post(f"{platform.cluster_url}/api/v1/namespaces/{namespace}/pods", json=pod, timeout=10)
    assert made.status_code == 201, made.text
    wait_until(lambda: platform.cluster(f"/api/v1/namespaces/{namespace}/pods/neighbour").json()["spec"].get("nodeName"), 10, "a place for the pod")


def make_namespace(platform, name, **labels):
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {f"store-platform/{key}": value for key, value in labels.items()}}}
    made = requests.post(f"{platform.cluster_url}/api/v1/namespaces", json=body, timeout=10)
    assert made.status_code == 201, made.text


def test_what_else_runs_on_the_nodes_counts():
    with Platform(simulator=NODE) as platform:
        run_neighbour(platform, "800m")
        answer = order(platform, "Too Many")
        assert answer.status_code == 409 and "room for 200m of CPU" in answer.json()["detail"]


def test_so_do_the_stores_of_another_installation():
    with Platform(simulator=NODE) as platform:
        make_namespace(platform, "store-b2bcdefghijk", type="store", id="b2bcdefghijk", install="another")
        run_neighbour(platform, "800m", "store-b2bcdefghijk", {"store-platform/type": "store", "store-platform/id": "b2bcdefghijk"})
        answer = order(platform, "Too Many")
        assert answer.status_code == 409 and "room for 200m of CPU" in answer.json()["detail"]


@pytest.mark.parametrize(
    "closing", [{"unschedulable": True}, {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}], ids=["cordoned", "control plane"])
def test_what_runs_on_nodes_that_take_no_pods_takes_nothing_from_the_others(closing):
    with Platform(simulator=NODE, nodes=2) as platform:
        changed = requests.patch(f"{platform.cluster_url}/api/v1/nodes/simulator-0", json={"spec": closing}, headers={"Content-Type": "application/merge-patch+json"}, timeout=10)
        assert changed.status_code == 200, changed.text
        run_neighbour(platform, "800m", node="simulator-0")
        assert order(platform, "Beside It").status_code == 202


@pytest.mark.parametrize("silence", ["the nodes are not told of", "the setting says so"])
def test_without_the_nodes_word_nobody_is_refused(silence):
    is_off = silence == "the setting says so"
    with Platform(simulator=NODE, environment={"STORE_PLATFORM_CHECK_ROOM": "off" if is_off else "on"}) as platform:
        if not is_off:
            rule = {"fault": "internalError", "match": {"resource": "nodes"}}
            requests.put(f"{platform.cluster_url}/simulator/v1/faults", json={"rules": [rule]}, timeout=10)
        assert [order(platform, f"Free {index}").status_code for index in range(ROOM + 2)] == [202] * (ROOM + 2)


class Lock:
    """Holds the table of stores, so that everybody who needs it waits."""

    def __init__(self, platform):
        self.platform = platform

    def __enter__(self):
        self.session = subprocess.Popen(["psql", "-Xq", self.platform.postgres.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.session.stdin.write("BEGIN; LOCK TABLE stores IN ACCESS EXCLUSIVE MODE; \\echo locked\n")
        self.session.stdin.flush()
        assert self.session.stdout.readline() == "locked\n"

    def __exit__(self, *_):
        self.session.communicate("ROLLBACK;\n")


def test_who_would_only_wait_is_sent_away_at_once_and_deletions_of_who_is_known_are_not():
    with Platform(environment={"STORE_PLATFORM_ROLE": "api"}) as platform, concurrent.futures.ThreadPoolExecutor(51) as pool:
        address = f"{platform.url}/api/v1/stores/{platform.create('Doomed')['id']}"
        known, is_over = {"Authorization": f"Bearer {TOKEN}"}, threading.Event()

        def read():
            return requests.get(f"{platform.url}/api/v1/stores", headers=known, timeout=20)

        def repeat(ask, answers):
            while not is_over.is_set():
                answers.append(ask())

        def sent_away(answers):
            return [answer for answer in list(answers) if answer.json().get("code") == "overloaded"]

        reads, strangers = [], {"": [], "Bearer sp_nobody": []}
        callers = [pool.submit(repeat, read, reads) for _ in range(30)]
        try:
            with Lock(platform):
                shed = wait_until(lambda: sent_away(reads), 20, "a request to be sent away")[0]
                assert shed.status_code == 503 and shed.headers["Retry-After"] == "1" and "Nothing was done" in shed.json()["detail"]
                for shown, answers in strangers.items():
                    delete = functools.partial(requests.delete, address, headers={"Authorization": shown}, timeout=20)
                    callers += [pool.submit(repeat, delete, answers) for _ in range(10)]
                for answers in strangers.values():
                    wait_until(lambda: sent_away(answers), 20, "a stranger's deletion to be sent away")
                deletion = pool.submit(platform.session.delete, address, timeout=20)
                assert requests.get(f"{platform.url}/livez", timeout=5).status_code == 200
            assert deletion.result().status_code == 202
        finally:
            is_over.set()
            concurrent.futures.wait(callers)
        assert {answer.status_code for answer in reads} <= {200, 503}
        wait_until(lambda: read().status_code == 200, 10, "the service to answer again")
