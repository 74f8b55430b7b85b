"""The benchmarks behind scripts/bench."""

import concurrent.futures
import datetime
import http.client
import json
import pathlib
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "System"))

from platform_under_test import BINARIES, TOKEN, Platform, free_port, wait_until  # noqa: E402


def memory_megabytes(process):
    status = pathlib.Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def cluster_calls(platform):
    text = requests.get(f"{platform.url}/metrics", timeout=10).text
    return float(re.search(r"^store_platform_cluster_calls_total (\S+)$", text, re.M).group(1))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class ReadinessWitness(threading.Thread):
    """Watches the cluster from outside and notes when a store's shop became available and its set-up had ended."""

    def __init__(self, platform):
        super().__init__(daemon=True)
        self.platform, self.seen = platform, {}

    def run(self):
        threads = [threading.Thread(target=self.watch, args=arguments, daemon=True) for arguments in
                   [("/apis/apps/v1/deployments", self.is_available), ("/api/v1/pods", self.has_ended)]]
        for thread in threads:
            thread.start()

    def watch(self, path, is_it):
        url = f"{self.platform.cluster_url}{path}?watch=1&labelSelector=store-platform/type%3Dstore"
        with requests.get(url, stream=True, timeout=3600) as stream:
            for line in stream.iter_lines():
                thing = json.loads(line)["object"]
                if is_it(thing):
                    self.seen.setdefault(thing["metadata"]["namespace"], {}).setdefault(path, time.time())

    @staticmethod
    def is_available(deployment):
        return deployment.get("status", {}).get("availableReplicas", 0) >= 1

    @staticmethod
    def has_ended(pod):
        containers = pod["status"].get("containerStatuses", [])
        return (pod["metadata"]["labels"].get("app.kubernetes.io/component") == "setup" and bool(containers)
                and all("terminated" in container["state"] for container in containers))


def order(platform, names):
    """Orders stores, one after the other on one connection; as cheaply as may be, for the measured share the processors with us."""
    connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(platform.url).port, timeout=60)
    for name in names:
        connection.request("POST", "/api/v1/stores", json.dumps({"name": name, "engine": "woocommerce"}),
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()


def await_ready(platform, count):
    """Until that many stores are ready.
    :return: the seconds from the first order to the last that became ready, by the database's clock."""
    def seconds():
        ready, taken = platform.postgres.query(
            "SELECT count(*) FILTER (WHERE phase = 'ready'), extract(epoch FROM max(ready_at) - min(created_at)) FROM stores")[0]
        return float(taken) if int(ready) == count else None
    return wait_until(seconds, 900, "every store to be ready", interval=0.5)


def provision(count):
    for delay in (0, 50):
        with Platform(pod_delay=0, lease=30, call_delay=delay) as platform:
            # The floor: a loop that only writes. On a cluster of its own, so that both begin with nothing.
            raw = json.loads(subprocess.run([BINARIES / "provision-bench", platform.cluster_url, str(count)], check=True, capture_output=True).stdout)
        with Platform(pod_delay=0, lease=30, call_delay=delay) as platform:
            before = cluster_calls(platform)
            names = [f"Bench {index}" for index in range(count)]
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda part: order(platform, part), [names[start::4] for start in range(4)]))

            seconds = await_ready(platform, count)
            calls = (cluster_calls(platform) - before) / count
            memory = memory_megabytes(platform.service)
            pace = "as fast as it can" if delay == 0 else f"{delay} ms a call"
            print(f"simulator {pace}, {count} WooCommerce stores of {raw['objects'] // count} objects:")
            print(f"  (a) bare loop, 8 connections {count / raw['seconds']:8.1f} stores/s")
            print(f"  (b) platform, as configured  {count / seconds:8.1f} stores/s   ratio {raw['seconds'] / seconds:.2f}")
            print(f"  calls to the API per store {calls:.1f}; resident memory of the service {memory:.0f} MB")
    noticing(min(count, 100))


def noticing(count):
    with Platform(pod_delay=300, lease=30) as platform:
        witness = ReadinessWitness(platform)
        witness.start()
        time.sleep(1)
        for index in range(count):
            order(platform, [f"Notice {index}"])
            time.sleep(0.15)
        await_ready(platform, count)
        delays = []
        for store, at in platform.postgres.query("SELECT id, extract(epoch FROM ready_at) FROM stores"):
            seen = witness.seen[f"store-{store}"]
            delays.append(max(0.0, float(at) - max(seen.values())) * 1000)
        print(f"from «the cluster shows ready» to «the row says ready», {count} stores, one each 150 ms:")
        print(f"  p50 {statistics.median(delays):.0f} ms   p99 {percentile(delays, 0.99):.0f} ms   max {max(delays):.0f} ms")


def wrk(url, seconds, headers=()):
    arguments = ["wrk", "-t1", "-c32", f"-d{seconds}s", *[part for header in headers for part in ("-H", header)], url]
    text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text, text
    return float(re.search(r"Requests/sec:\s+(\S+)", text).group(1))


class Nginx:
    """Returns fixed bodies, from memory."""

    def __init__(self, bodies):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="store-platform.", dir="/tmp"))
        self.port = free_port()
        locations = ""
        for name, body in bodies.items():
            (self.directory / name).write_bytes(body)
            locations += f"location = /{name} {{ root {self.directory}; }}\n"
        (self.directory / "nginx.conf").write_text(
            f"worker_processes 1; daemon off; pid {self.directory}/pid; error_log stderr crit;\nevents {{}}\n"
            f"http {{ access_log off; open_file_cache max=10; sendfile on; client_body_temp_path {self.directory}/b; proxy_temp_path {self.directory}/p;\n"
            f"fastcgi_temp_path {self.directory}/f; uwsgi_temp_path {self.directory}/u; scgi_temp_path {self.directory}/s; keepalive_requests 1000000;\n"
            f"server {{ listen 127.0.0.1:{self.port}; {locations} }} }}\n")

    def __enter__(self):
        self.directory.chmod(0o755)
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(self.directory / "nginx.conf")], stderr=subprocess.DEVNULL)
        wait_until(lambda: self.answers(), 10, "nginx")
        return self

    def answers(self):
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/livez", timeout=1).status_code in (200, 403)
        except requests.ConnectionError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def serving(seconds):
    with Platform(environment={"STORE_PLATFORM_ROLE": "api"}) as platform:
        platform.postgres.query(
            "INSERT INTO stores (id, name, slug, engine, plan, account_id, phase, message, url, created_at, ready_at)"
            " SELECT 'a' || translate(lpad(i::text, 11, '0'), '01', 'xy'), 'Shop ' || i, 's' || i, 'woocommerce', 'small', 'default', 'ready',"
            " 'The shop can sell.', 'http://s' || i || '.example.com', now() - i * interval '1 minute', now() FROM generate_series(1, 10000) i; ANALYZE stores")
        header = f"Authorization: Bearer {TOKEN}"
        page = platform.session.get(f"{platform.url}/api/v1/stores?limit=50", timeout=10).content
        live = platform.session.get(f"{platform.url}/livez", timeout=10).content
        select = platform.postgres.directory / "select.sql"
        select.write_text("SELECT id, name, slug, engine, plan, account_id, desired, generation, phase, reason, message, url, namespace_uid, version, created_at,"
                          " updated_at, ready_at, attempted_at FROM stores WHERE phase <> 'deleted' ORDER BY created_at DESC, id DESC LIMIT 51;\n")
        with Nginx({"page": page, "livez": live}) as nginx:
            results = {
                "GET /api/v1/stores?limit=50": wrk(f"{platform.url}/api/v1/stores?limit=50", seconds, [header]),
                "GET /livez": wrk(f"{platform.url}/livez", seconds),
                f"nginx, {len(page)} bytes": wrk(f"http://127.0.0.1:{nginx.port}/page", seconds),
                f"nginx, {len(live)} bytes": wrk(f"http://127.0.0.1:{nginx.port}/livez", seconds),
            }
        done = subprocess.run(["pgbench", "-n", "-c", "10", "-j", "1", "-M", "prepared", "-T", str(seconds), "-f", str(select), platform.postgres.url],
                              check=True, capture_output=True, text=True).stdout
        results["pgbench, the same SELECT"] = float(re.search(r"tps = (\S+)", done).group(1))
    for name, rate in results.items():
        print(f"{name:32} {rate:9.0f} /s")
    rates = list(results.values())
    print(f"list / nginx {rates[0] / rates[2]:.3f}   list / SELECT {rates[0] / rates[4]:.2f}   livez / nginx {rates[1] / rates[3]:.2f}")


class Readers(threading.Thread):
    """Watches that count lines, all on one thread."""

    def __init__(self, port, path, count):
        super().__init__(daemon=True)
        self.selector, self.lines, self.stopped = selectors.DefaultSelector(), [0] * count, False
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(f"GET {path}?watch=1&resourceVersion={self.version(port, path)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ, number)

    @staticmethod
    def version(port, path):
        return requests.get(f"http://127.0.0.1:{port}{path}?limit=1", timeout=10).json()["metadata"]["resourceVersion"]

    def run(self):
        while not self.stopped:
            for key, _ in self.selector.select(0.2):
                self.lines[key.data] += key.fileobj.recv(1 << 18).count(b'{"type":')


def simulator(namespaces):
    """The simulated cluster by itself: memory, lists, applies and watches at size."""
    port, ingress = free_port(), free_port()
    process = subprocess.Popen([BINARIES / "cluster-simulator", "--port", str(port), "--ingress-port", str(ingress), "--pod-delay", "0"], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def memory():
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text()).group(1)) / 1024
    try:
        wait_until(lambda: answers(url), 15, "the simulator")
        filled = json.loads(subprocess.run([BINARIES / "provision-bench", url, str(namespaces), "without-pods"], check=True, capture_output=True).stdout)
        per_second = filled["objects"] / filled["seconds"]
        print(f"{namespaces} namespaces of {filled['objects'] // namespaces - 1} objects: {per_second:.0f} writes/s"
              f" ({per_second / 160:.1f} times the 160/s of a recorded server), resident memory {memory():.0f} MB")
        began, token, count = time.monotonic(), "", 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            connection.request("GET", f"/api/v1/namespaces?limit=500&continue={token}",
                               headers={"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"})
            page = json.loads(connection.getresponse().read())
            count += len(page["items"])
            token = page["metadata"].get("continue")
            if not token:
                break
        print(f"metadata-only list of {count} namespaces in pages of 500: {time.monotonic() - began:.2f} s, with the reading of it in Python")
        watching(port)
        print(f"resident memory at the end {memory():.0f} MB")
    finally:
        process.terminate()
        process.wait()


def answers(url):
    try:
        return requests.get(f"{url}/readyz", timeout=1).status_code == 200
    except requests.ConnectionError:
        return False


def watching(port, watches=100, seconds=10):
    readers = Readers(port, "/api/v1/configmaps", watches)
    readers.start()
    done = json.loads(subprocess.run([BINARIES / "provision-bench", f"http://127.0.0.1:{port}", str(seconds), "change"], check=True, capture_output=True).stdout)
    wait_until(lambda: min(readers.lines) >= done["changes"], 60, "every watch to have every change")
    readers.stopped = True
    rate = done["changes"] / seconds
    print(f"{watches} watches over all namespaces while {rate:.0f} objects a second change: {rate * watches:.0f} events/s,"
          f" each watch had every change; slowest write {done['slowest'] * 1000:.0f} ms")


if __name__ == "__main__":
    print(datetime.datetime.now().isoformat(timespec="seconds"))
    if sys.argv[1] == "provision":
        provision(int(sys.argv[2]) if len(sys.argv) > 2 else 500)
    elif sys.argv[1] == "simulator":
        simulator(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    else:
        serving(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
