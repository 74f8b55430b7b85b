"""A day's work with Debian's kubectl."""

import json
import os
import subprocess
import time

import pytest
import yaml

from conftest import deployment

KUBECTL = os.environ["KUBECTL"]


@pytest.fixture
def kubectl(cluster, namespace):
    def run(*arguments, stdin=None, fails=False, seconds=30):
        done = subprocess.run(
            [KUBECTL, "--kubeconfig", cluster.kubeconfig, "--cache-dir", cluster.directory / "cache", "-n", namespace, *arguments],
            input=stdin, capture_output=True, text=True, timeout=seconds, check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout
    return run


def text(manifest):
    return yaml.safe_dump(manifest)


def test_a_deployment_is_created_rolled_out_and_shown(kubectl):
    assert "deployment.apps/web created" in kubectl("create", "-f", "-", stdin=text(deployment("web", replicas=2)))
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    everything = kubectl("get", "all")
    assert "deployment.apps/web   2/2     2            2" in everything
    assert everything.count("1/1     Running") == 2
    wide = kubectl("get", "pods", "-o", "wide")
    assert "NODE" in wide and "simulator-0" in wide
    description = kubectl("describe", "deployment", "web")
    assert "MinimumReplicasAvailable" in description and "ScalingReplicaSet" in description
    assert "Successfully assigned" in kubectl("describe", "pods")


def test_apply_on_the_clients_side_merges(kubectl):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1", "b": "2"}}
    assert "created" in kubectl("apply", "-f", "-", stdin=text(manifest))
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=text(manifest))
    kubectl("patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"c":"3"}}')
    manifest["data"] = {"a": "9"}
    assert "configured" in kubectl("apply", "-f", "-", stdin=text(manifest))
    assert json.loads(kubectl("get", "configmap", "settings", "-o", "json"))["data"] == {"a": "9", "c": "3"}


def test_apply_on_the_servers_side_names_conflicts(kubectl):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    assert "serverside-applied" in kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=text(manifest))
    manifest["data"] = {"a": "2"}
    refusal = kubectl("apply", "--server-side", "--field-manager=two", "-f", "-", stdin=text(manifest), fails=True)
    assert 'conflict with "one"' in refusal and ".data.a" in refusal
    kubectl("apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-", stdin=text(manifest))
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.a}") == "2"


def test_patches_of_three_kinds(kubectl):
    kubectl("create", "-f", "-", stdin=text(deployment("web")))
    kubectl("patch", "deployment", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":2}]')
    kubectl("patch", "deployment", "web", "--type=merge", "-p", '{"metadata":{"labels":{"x":"y"}}}')
    # Strategic: the container is found by its name.
    kubectl("patch", "deployment", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"1"}]}]}}}}')
    web = json.loads(kubectl("get", "deployment", "web", "-o", "json"))
    container = web["spec"]["template"]["spec"]["containers"][0]
    assert web["spec"]["replicas"] == 2 and web["metadata"]["labels"]["x"] == "y"
    assert container["env"] == [{"name": "A", "value": "1"}] and container["command"] == ["sh", "-c", "sleep 3600"]


def test_scaling_updating_and_restarting(kubectl):
    kubectl("create", "-f", "-", stdin=text(deployment("web")))
    kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    kubectl("set", "image", "deployment/web", "main=docker.io/library/busybox:1.37")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    kubectl("rollout", "restart", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    assert kubectl("rollout", "history", "deployment/web").strip().splitlines()[-1].startswith("3")
    pods = json.loads(kubectl("get", "pods", "-l", "app=web", "-o", "json"))["items"]
    assert {pod["spec"]["containers"][0]["image"] for pod in pods if "deletionTimestamp" not in pod["metadata"]} == {
        "docker.io/library/busybox:1.37"}
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.metadata.annotations}") == ""


def test_what_goes_wrong_is_shown(kubectl):
    kubectl("create", "-f", "-", stdin=text(deployment("lost", image="registry.invalid/nothing:1")))
    kubectl("create", "-f", "-", stdin=text(deployment("broken", command=("sh", "-c", "echo no database; exit 3"))))
    deadline = time.monotonic() + 20
    while True:
        pods = kubectl("get", "pods")
        if "ImagePullBackOff" in pods and "CrashLoopBackOff" in pods:
            break
        assert time.monotonic() < deadline, pods
        time.sleep(0.1)
    assert "no database" in kubectl("logs", "deployment/broken")
    assert "Back-off restarting failed container main" in kubectl("get", "events")
    assert "trying and failing to pull image" in kubectl("logs", "deployment/lost", fails=True)


def test_jobs_and_their_logs(kubectl):
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sums"},
           "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
               {"name": "main", "image": "busybox", "command": ["sh", "-c", "echo two; echo and two; exit 0"]}]}}}}
    kubectl("create", "-f", "-", stdin=text(job))
    kubectl("wait", "--for=condition=Complete", "job/sums", "--timeout=20s")
    assert "1/1" in kubectl("get", "jobs")
    assert kubectl("logs", "job/sums", "--tail=1") == "and two\n"


def test_a_watch_tells_what_happens(kubectl, cluster, namespace):
    watching = subprocess.Popen(
        [KUBECTL, "--kubeconfig", cluster.kubeconfig, "-n", namespace, "get", "pods", "--watch"], stdout=subprocess.PIPE, text=True)
    try:
        kubectl("create", "-f", "-", stdin=text(deployment("web")))
        lines = []
        for line in watching.stdout:
            lines.append(line)
            if "1/1" in line:
                break
        assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
        assert any("0/1" in line for line in lines) and "Running" in lines[-1]
    finally:
        watching.kill()
        watching.wait()


def test_selectors_and_output_formats(kubectl):
    for name in ("a", "b"):
        kubectl("create", "configmap", name, "--from-literal=k=v")
    kubectl("label", "configmap", "a", "tier=gold")
    kubectl("annotate", "configmap", "a", "note=x")
    assert kubectl("get", "configmaps", "-l", "tier=gold", "-o", "name") == "configmap/a\n"
    assert "configmap/b" in kubectl("get", "configmaps", "-l", "tier notin (gold)", "-o", "name")
    assert kubectl("get", "configmaps", "--field-selector", "metadata.name=b", "-o", "name") == "configmap/b\n"
    assert yaml.safe_load(kubectl("get", "configmap", "a", "-o", "yaml"))["metadata"]["annotations"] == {"note": "x"}


def test_deleting_waits_until_it_is_gone(kubectl):
    kubectl("create", "-f", "-", stdin=text(deployment("web")))
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=20s")
    assert "NotFound" in kubectl("get", "deployment", "web", fails=True)
    assert kubectl("get", "pods") == ""


def test_a_namespace_goes_with_what_is_in_it(kubectl, namespace):
    kubectl("create", "-f", "-", stdin=text(deployment("web")))
    kubectl("delete", "namespace", namespace, "--timeout=30s")
    assert "NotFound" in kubectl("get", "namespace", namespace, fails=True)


def test_a_dry_run_changes_nothing(kubectl):
    kubectl("create", "configmap", "a", "--from-literal=k=v", "--dry-run=server")
    assert "NotFound" in kubectl("get", "configmap", "a", fails=True)


def test_what_there_is_to_work_with_is_listed(kubectl):
    kinds = kubectl("api-resources")
    assert "deployments" in kinds and "deploy" in kinds and "networking.k8s.io/v1" in kinds
    assert "apps/v1" in kubectl("api-versions")
    assert "v1.36.2" in kubectl("version")
    nodes = kubectl("get", "nodes")
    assert "Ready" in nodes and "v1.36.2" in nodes
