"""Several replicas of the service with PostgreSQL and a simulated cluster, every wire between them through a proxy."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "System"))
from platform_under_test import BINARIES, ROOT, TOKEN, WITHOUT_LIMITS, Postgres, Process, free_port, wait_until  # noqa: E402

from proxies import APIProxy, Loop, PostgresProxy  # noqa: E402

# Every change of a lease, by whom: each replica's URL gives it a name. Outside of what it watches.
LEASE_LOG = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.leases (n bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp(), replica text DEFAULT current_setting('application_name'),
    store_id text, token uuid, until timestamptz);
CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO chaos.leases (store_id) VALUES (OLD.store_id);
    ELSIF TG_OP = 'INSERT' OR NEW.lease_token IS DISTINCT FROM OLD.lease_token OR NEW.lease_until IS DISTINCT FROM OLD.lease_until THEN
        INSERT INTO chaos.leases (store_id, token, until) VALUES (NEW.store_id, NEW.lease_token, NEW.lease_until);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON work FOR EACH ROW EXECUTE FUNCTION chaos.note();
"""


class Replica:
    def __init__(self, fleet, number, environment):
        self.number, self.port = number, free_port()
        self.name = f"replica-{number}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = PostgresProxy(fleet.loop, fleet.postgres.port)
        self.cluster = APIProxy(fleet.loop, fleet.cluster_port)
        directory = fleet.postgres.directory
        kubeconfig = directory / f"kubeconfig.{number}"
        kubeconfig.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{self.cluster.port}'}}}}]\n"
            "contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n")
        self.settings = {
            "PATH": os.environ["PATH"], "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{self.database.port}/postgres?application_name={self.name}",
            "KUBECONFIG": str(kubeconfig), "STORE_PLATFORM_LISTEN": f"127.0.0.1:{self.port}", "STORE_PLATFORM_ADMIN_TOKEN": TOKEN,
            "STORE_PLATFORM_MIGRATIONS": str(ROOT / "migrations"), "STORE_PLATFORM_DRAIN_PAUSE": "1",
            "STORE_PLATFORM_CHECK_ROOM": "off",  # of a trial's many stores few run at a time
            "STORE_PLATFORM_FAIL_POINT_LOG": str(directory / "fail-points.log"), **WITHOUT_LIMITS, **environment,
        }
        self.log = directory / f"service.{number}.log"
        self.process = Process([BINARIES / "store-platform", "serve"], self.settings, self.log)

    def start(self, fail_points=""):
        self.process.environment = {**self.settings, "STORE_PLATFORM_FAIL_POINTS": fail_points}
        self.process.start()

    @property
    def is_alive(self):
        return self.process.process is not None and self.process.process.poll() is None

    @property
    def is_ready(self):
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_until_ready(self, seconds=30):
        wait_until(lambda: self.is_ready, seconds, f"replica {self.number} to be ready", 0.05)

    def kill(self):
        if self.is_alive:
            self.process.kill()

    def signal(self, number):
        self.process.process.send_signal(number)


class Fleet:
    def __init__(self, replicas=3, lease=4, pod_delay=100, environment=None):
        self.lease = lease
        self.loop = Loop()
        self.postgres = Postgres()
        self.cluster_port, self.ingress_port = free_port(), free_port()
        self.cluster_url = f"http://127.0.0.1:{self.cluster_port}"
        directory = self.postgres.directory
        self.simulator = Process(
            [BINARIES / "cluster-simulator", "--port", str(self.cluster_port), "--ingress-port", str(self.ingress_port),
             "--pod-delay", str(pod_delay)], None, directory / "cluster.log")
        environment = {"STORE_PLATFORM_LEASE": str(lease), "STORE_PLATFORM_PUBLIC_PORT": str(self.ingress_port), **(environment or {})}
        self.replicas = [Replica(self, number, environment) for number in range(replicas)]

    def __enter__(self):
        self.simulator.start()
        direct = {**self.replicas[0].settings, "DATABASE_URL": self.postgres.url}
        subprocess.run([BINARIES / "store-platform", "migrate"], env=direct, check=True, stdout=subprocess.DEVNULL)
        self.postgres.query(LEASE_LOG)
        wait_until(self._answers, 15, "the simulator")
        for replica in self.replicas:
            replica.start()
        for replica in self.replicas:
            replica.wait_until_ready()
        return self

    def _answers(self):
        try:
            return requests.get(f"{self.cluster_url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def __exit__(self, *failure):
        for replica in self.replicas:
            if replica.is_alive:
                replica.signal(signal.SIGCONT)
                replica.kill()
        self.simulator.kill()
        if failure[0] and os.environ.get("STORE_PLATFORM_KEEP_LOGS"):
            subprocess.run(["cp", "-r", self.postgres.directory, os.environ["STORE_PLATFORM_KEEP_LOGS"]], check=False)
        self.postgres.stop()
        self.loop.stop()

    # The database.

    def crash_postgres(self):
        """kill -9 of the postmaster and of all its children, as when the machine's memory runs out."""
        postmaster = int((self.postgres.directory / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
        for pid in [postmaster, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not pathlib.Path(f"/proc/{postmaster}").exists(), 10, "the postmaster's end")

    def start_postgres(self):
        self.postgres._script('postgres_start "$1/data" "$2" fsync=off full_page_writes=off max_connections=100')

    def stop_postgres(self):
        self.postgres._script('postgres_stop "$1/data" fast')

    def query(self, sql):
        return self.postgres.query(sql)

    # The cluster.

    def cluster(self, path):
        return requests.get(f"{self.cluster_url}{path}", timeout=20)

    def faults(self, *rules, seed=1):
        answer = requests.put(f"{self.cluster_url}/simulator/v1/faults", json={"seed": seed, "rules": list(rules)}, timeout=10)
        assert answer.status_code == 200, answer.text

    def no_faults(self):
        requests.delete(f"{self.cluster_url}/simulator/v1/faults", timeout=10)

    def mutating_calls(self):
        return self.cluster("/simulator/v1/calls").json()["items"]

    def namespaces(self):
        items = self.cluster("/api/v1/namespaces?labelSelector=store-platform/type%3Dstore").json()["items"]
        return {item["metadata"]["name"]: item for item in items}

    # The service.

    def any_ready(self, chance=random):
        return chance.choice(self.replicas)

    def request(self, method, path, replica=None, timeout=10, **arguments):
        replica = replica or self.any_ready()
        headers = {"Authorization": f"Bearer {TOKEN}", **arguments.pop("headers", {})}
        return requests.request(method, f"{replica.url}/api/v1{path}", headers=headers, timeout=timeout, **arguments)

    def revive(self):
        """Starts again whatever is not running."""
        for replica in self.replicas:
            if not replica.is_alive:
                replica.start()

    def wait_until_ready(self):
        for replica in self.replicas:
            replica.wait_until_ready()

    def create(self, name, engine="woocommerce", ledger=None, seconds=30):
        """One store, whatever it takes."""
        deadline, key = time.monotonic() + seconds, f"key-{name}-{random.random()}".replace(" ", "-")
        if ledger:
            ledger.note("create sent", key=key)
        while True:
            try:
                answer = self.request("POST", "/stores", json={"name": name, "engine": engine}, headers={"Idempotency-Key": key})
                if answer.status_code == 202:
                    break
            except requests.RequestException as error:
                answer = error
            assert time.monotonic() < deadline, f"{name} was not taken: {getattr(answer, 'text', answer)}"
            time.sleep(0.05)
        if ledger:
            ledger.note("created", key=key, id=answer.json()["id"])
        return answer.json()["id"]

    def phase(self, store_id):
        rows = self.query(f"SELECT phase FROM stores WHERE id = '{store_id}'")
        return rows[0][0] if rows else None
