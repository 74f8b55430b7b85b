"""Start-up agreement over many ready stores, and what is sent at rest afterwards."""

import re
import time

import requests

from common import cluster_calls, cpu_seconds, order
from platform_under_test import Platform, wait_until


def reconcile(largest, rest_seconds=300):
    sizes = [size for size in (1_000, 5_000, 10_000) if size <= largest] or [largest]
    with Platform(pod_delay=0, lease=30, nodes=5) as platform:
        rows, made = [], 0
        for size in sizes:
            order(platform, [f"Ready {number}" for number in range(made, size)])
            made = size
            wait_until(lambda: settled(platform), 3600, "every store to be ready", 1)
            rows.append((size, *start_up(platform)))
            print("  {} stores: agreed {:.1f} s after the start, {:.0f} calls to the API, {:.0f} MB resident at the most".format(*rows[-1]), flush=True)
        first, last = rows[0], rows[-1]
        if len(rows) > 1:
            print(f"from {first[0]} to {last[0]} stores: seconds × {last[1] / first[1]:.1f}, calls × {last[2] / first[2]:.1f}, memory × {last[3] / first[3]:.1f}")
        at_rest(platform, rest_seconds)


def settled(platform):
    return platform.postgres.query("SELECT count(*) FROM stores WHERE phase <> 'ready' OR id IN (SELECT store_id FROM work)") == [["0"]]


def metric(platform, name):
    """0 where the service does not answer with its metrics yet."""
    found = re.search(rf"^{name} (\S+)$", requests.get(f"{platform.url}/metrics", timeout=10).text, re.M)
    return float(found.group(1)) if found else 0


def start_up(platform):
    """The service is killed and started: until namespaces and objects were compared once and nothing is left to do."""
    platform.service.kill()
    platform.postgres.query("DELETE FROM duties")  # the dead one's term is not what is measured
    began = time.monotonic()
    platform.start()

    def agreed():
        compared = metric(platform, "store_platform_namespace_comparisons_total") and metric(platform, "store_platform_object_comparisons_total")
        return compared and settled(platform)
    wait_until(agreed, 600, "agreement", 0.05)
    seconds = time.monotonic() - began
    return seconds, cluster_calls(platform), platform.service.memory_megabytes(peak=True)


def at_rest(platform, seconds):
    calls, processor, simulator = cluster_calls(platform), cpu_seconds(platform.service), cpu_seconds(platform.simulator)
    time.sleep(seconds)
    minutes = seconds / 60
    print(f"{seconds} s at rest: {(cluster_calls(platform) - calls) / minutes:.1f} calls a minute, {cpu_seconds(platform.service) - processor:.1f} CPU seconds"
          f" of the service in all ({cpu_seconds(platform.simulator) - simulator:.1f} of the simulator), {platform.service.memory_megabytes():.0f} MB resident")
