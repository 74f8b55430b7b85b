"""The platform against a bare loop of the same writes, and how soon it notices that a store is ready."""

import concurrent.futures
import json
import statistics
import subprocess
import threading
import time

import requests

from common import await_ready, cluster_calls, order, percentile
from platform_under_test import BINARIES, Platform


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
            memory = platform.service.memory_megabytes()
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
