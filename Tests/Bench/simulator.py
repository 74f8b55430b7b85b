"""The simulated cluster by itself, at size."""

import http.client
import json
import pathlib
import re
import selectors
import socket
import subprocess
import threading
import time

import requests

from platform_under_test import BINARIES, free_port, wait_until


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
