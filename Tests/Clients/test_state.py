"""The cluster's own promises: what was acknowledged survives a kill, shops answer at the ingress, nodes fill up."""

import pathlib

import pytest
import requests

from conftest import Cluster, deployment
from platform_under_test import wait_until


@pytest.fixture
def own(request):
    clusters = []

    def start(*flags):
        cluster = Cluster(*flags)
        cluster.start()
        clusters.append(cluster)
        return cluster
    yield start
    for cluster in clusters:
        cluster.kill()


def test_what_was_acknowledged_survives_a_kill(own):
    state = pathlib.Path("/tmp") / f"cluster-state-{id(own)}"
    cluster = own("--state", str(state))
    for number in range(50):
        answer = requests.post(f"{cluster.url}/api/v1/namespaces/default/configmaps", json={"metadata": {"name": f"c{number}"}}, timeout=5)
        assert answer.status_code == 201
    version = int(answer.json()["metadata"]["resourceVersion"])
    cluster.kill()
    cluster.start()
    found = cluster.get("/api/v1/namespaces/default/configmaps").json()
    assert {f"c{number}" for number in range(50)} <= {item["metadata"]["name"] for item in found["items"]}
    assert int(found["metadata"]["resourceVersion"]) >= version
    state.unlink()


def test_a_shop_answers_once_it_is_ready(own):
    cluster = own()
    base = f"{cluster.url}/apis/networking.k8s.io/v1/namespaces/default/ingresses"
    requests.post(base, timeout=5, json={"metadata": {"name": "shop"}, "spec": {"rules": [{"host": "shop.test", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}})
    requests.post(f"{cluster.url}/api/v1/namespaces/default/services", timeout=5,
                  json={"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})

    def visit(host):
        return requests.get(f"http://127.0.0.1:{cluster.ingress_port}/", headers={"Host": host}, timeout=5)
    assert visit("shop.test").status_code == 503
    assert visit("other.test").status_code == 404
    web = deployment("web")
    del web["spec"]["template"]["spec"]["containers"][0]["command"]
    requests.post(f"{cluster.url}/apis/apps/v1/namespaces/default/deployments", json=web, timeout=5)
    wait_until(lambda: visit("shop.test").status_code == 200, 10, "the shop to answer")
    assert "simulated" in visit("shop.test").text


def test_a_full_node_says_so_and_room_is_used_at_once(own):
    cluster = own("--nodes", "2", "--node-memory", "1Gi")
    pods = f"{cluster.url}/api/v1/namespaces/default/pods"

    def pod(name):
        requests.post(pods, timeout=5, json={"metadata": {"name": name}, "spec": {"containers": [
            {"name": "main", "image": "x", "resources": {"requests": {"memory": "700Mi"}}}]}}).raise_for_status()

    def state(name):
        return requests.get(f"{pods}/{name}", timeout=5).json()
    for name in ("a", "b", "c"):
        pod(name)
    wait_until(lambda: state("c")["status"].get("conditions"), 10, "the scheduler to look at it")
    condition = state("c")["status"]["conditions"][0]
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/2 nodes are available: 2 Insufficient memory.")
    assert state("a")["spec"]["nodeName"] != state("b")["spec"]["nodeName"]
    requests.delete(f"{pods}/a", timeout=5)
    wait_until(lambda: state("c")["spec"].get("nodeName"), 10, "it to find room")
