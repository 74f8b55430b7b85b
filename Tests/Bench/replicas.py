"""Two replicas against one, on the same work."""

import time

from common import await_ready, order
from platform_under_test import BINARIES, Platform, Process, free_port

CASES = [
    # What each may send is the limit, as it is with an API server that could take more.
    (5, "1000", "5 ms a call, each replica with its 1000 calls a second"),
    # The simulator and the processors are the limit.
    (0, "100000", "the simulator as fast as it can, no limit to the calls"),
]


def replicas(count):
    for delay, calls, words in CASES:
        seconds = [provision(number, count, delay, calls) for number in (1, 2)]
        print(f"{words}, {count} stores: one replica {count / seconds[0]:.1f} stores/s, two {count / seconds[1]:.1f}, ratio {seconds[0] / seconds[1]:.2f}", flush=True)


def provision(number, count, delay, calls):
    """The API by itself, so that the orders are no worker's; then so many workers. Returns the seconds from their start to the last ready store."""
    settings = {"STORE_PLATFORM_ROLE": "api", "STORE_PLATFORM_CLUSTER_CALLS_PER_SECOND": calls}
    with Platform(pod_delay=0, lease=30, call_delay=delay, environment=settings) as platform:
        order(platform, [f"Bench {index}" for index in range(count)])
        workers = []
        for index in range(number):
            settings = {**platform.settings, "STORE_PLATFORM_ROLE": "worker", "STORE_PLATFORM_LISTEN": f"127.0.0.1:{free_port()}"}
            workers.append(Process([BINARIES / "store-platform", "serve"], settings, platform.postgres.directory / f"worker.{index}.log"))
        began = time.time()
        for worker in workers:
            worker.start()
        try:
            await_ready(platform, count)
            ended = float(platform.postgres.query("SELECT extract(epoch FROM max(ready_at)) FROM stores")[0][0])
        finally:
            for worker in workers:
                worker.terminate()
        return ended - began
