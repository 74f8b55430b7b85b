"""A simulated cluster for clients that somebody else wrote."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

import pytest
import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "System"))

from platform_under_test import BINARIES, free_port, wait_until, write_kubeconfig  # noqa: E402


class Cluster:
    def __init__(self, *flags):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cluster-simulator."))
        self.port, self.ingress_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.flags = ["--port", str(self.port), "--ingress-port", str(self.ingress_port), "--pod-delay", "200", *flags]
        self.kubeconfig = self.directory / "kubeconfig"
        write_kubeconfig(self.kubeconfig, self.url)

    def start(self):
        self.process = subprocess.Popen([BINARIES / "cluster-simulator", *self.flags], stdout=subprocess.DEVNULL)
        wait_until(self.is_ready, 15, "the cluster to be ready")

    def is_ready(self):
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0

    def get(self, path):
        return requests.get(self.url + path, timeout=5)


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def namespace(cluster, request):
    """A namespace of the test's own, gone afterwards."""
    name = "t-" + "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())[:50].strip("-")
    answer = requests.post(f"{cluster.url}/api/v1/namespaces", json={"metadata": {"name": name}}, timeout=5)
    assert answer.status_code == 201, answer.text
    yield name
    requests.delete(f"{cluster.url}/api/v1/namespaces/{name}", timeout=5)


def deployment(name, image="docker.io/library/busybox:1.36", replicas=1, command=("sh", "-c", "sleep 3600")):
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1,
                         "containers": [{"name": "main", "image": image, "command": list(command)}]}}}}
