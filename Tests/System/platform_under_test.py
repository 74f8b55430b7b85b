"""A whole platform of its own for a test: PostgreSQL, the simulator and the service, on free ports, gone afterwards."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ["STORE_PLATFORM_BINARIES"])
TOKEN = "sp_test_0123456789abcdef0123456789abcdef"


# A test sends more than anybody may; those of the limits set their own.
WITHOUT_LIMITS = {f"STORE_PLATFORM_LIMIT_{name}": "0" for name in ("REQUESTS", "ADDRESS", "ORDERS", "SIGN_IN_FAILURES", "REFUSAL_RECORDS", "STREAMS", "CONNECTIONS")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what, interval=0.02):
    """The first true value of the condition; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(interval)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def write_kubeconfig(path, url):
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        f"clusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n")


class Postgres:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="store-platform.", dir="/tmp"))
        self.directory.chmod(0o755)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._script('postgres_start "$1/data" "$2" fsync=off full_page_writes=off max_connections=100')

    def stop(self):
        self._script('postgres_stop "$1/data" immediate')
        shutil.rmtree(self.directory)

    def query(self, sql):
        done = subprocess.run(["psql", "-XAtq", "-F", "\t", self.url, "-c", sql], capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def _script(self, command):
        script = f'. "{ROOT}/scripts/common.sh"; {command}'
        done = subprocess.run(["bash", "-c", script, "bash", str(self.directory), str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


class Process:
    """A program of ours that can be killed and started again."""

    def __init__(self, arguments, environment, log):
        self.arguments, self.environment, self.log = arguments, environment, log
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments, env=self.environment, stdout=log, stderr=log)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=45)

    def memory_megabytes(self, peak=False):
        """Resident now, or at the most since it was started."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+)", status).group(1)) / 1024


class Platform:
    def __init__(self, pod_delay=300, lease=3, web=None, environment=None, call_delay=0, nodes=1, simulator=()):
        self.postgres = Postgres()
        logs = self.postgres.directory
        self.port, self.cluster_port, self.ingress_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.cluster_url = f"http://127.0.0.1:{self.cluster_port}"
        self.simulator = Process(
            [BINARIES / "cluster-simulator", "--port", str(self.cluster_port), "--ingress-port", str(self.ingress_port),
             "--pod-delay", str(pod_delay), "--call-delay", str(call_delay), "--nodes", str(nodes), "--state", str(logs / "cluster.state"), *simulator], None, logs / "cluster.log")
        kubeconfig = logs / "kubeconfig"
        write_kubeconfig(kubeconfig, self.cluster_url)
        settings = {
            "PATH": os.environ["PATH"], "DATABASE_URL": self.postgres.url, "KUBECONFIG": str(kubeconfig),
            "STORE_PLATFORM_LISTEN": f"127.0.0.1:{self.port}", "STORE_PLATFORM_ADMIN_TOKEN": TOKEN,
            "STORE_PLATFORM_MIGRATIONS": str(ROOT / "migrations"), "STORE_PLATFORM_LEASE": str(lease),
            "STORE_PLATFORM_DRAIN_PAUSE": "0", "STORE_PLATFORM_PUBLIC_PORT": str(self.ingress_port), **WITHOUT_LIMITS,
        }
        if web:
            settings["STORE_PLATFORM_WEB_ROOT"] = str(web)
        settings.update(environment or {})
        self.settings = settings
        self.service = Process([BINARIES / "store-platform", "serve"], settings, logs / "service.log")
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"

    def __enter__(self):
        self.simulator.start()
        subprocess.run([BINARIES / "store-platform", "migrate"], env=self.settings, check=True, stdout=subprocess.DEVNULL)
        self.start()
        return self

    def __exit__(self, *_):
        self.service.terminate()
        self.simulator.terminate()
        self.postgres.stop()

    def start(self):
        self.service.start()
        wait_until(self._is_ready, 15, "the service to be ready")

    def _is_ready(self):
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def create(self, name, engine="woocommerce"):
        answer = self.session.post(f"{self.url}/api/v1/stores", json={"name": name, "engine": engine}, timeout=10)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def store(self, store_id):
        return self.session.get(f"{self.url}/api/v1/stores/{store_id}", timeout=10).json()

    def events(self, store_id):
        return self.session.get(f"{self.url}/api/v1/stores/{store_id}/events?limit=200", timeout=10).json()["items"]

    def wait_for_phase(self, store_id, phase, seconds=40):
        def reached():
            store = self.store(store_id)
            return store if store["phase"] == phase else None
        return wait_until(reached, seconds, f"{store_id} to be {phase}")

    def cluster(self, path):
        return requests.get(f"{self.cluster_url}{path}", timeout=10)

    def namespaces(self):
        items = self.cluster("/api/v1/namespaces?labelSelector=store-platform/type%3Dstore").json()["items"]
        return [item["metadata"]["name"] for item in items]
