"""The API against nginx and against its own SELECT."""

import pathlib
import re
import subprocess
import tempfile

import requests

from common import insert_stores
from platform_under_test import TOKEN, Platform, free_port, wait_until


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
        insert_stores(platform.postgres, 10_000)
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
