"""The API against nginx and against its own SELECT; a read and a write with and without what stands before them."""

import pathlib
import re
import statistics
import subprocess
import tempfile

import requests

from common import insert_stores
from platform_under_test import BINARIES, TOKEN, Platform, free_port, wait_until


STORES = 10_000
AUTHORIZATION = f"Authorization: Bearer {TOKEN}"

# What each path of http-bench has before its handler: each adds one thing to the one before.
READS, WRITES = ["bare", "authenticated", "limited"], ["bare", "authenticated", "limited", "audited"]
ROUNDS = 7

# Renames one store after the other, of those that insert_stores makes: two requests at once never meet in one row.
RENAMES = """local path, number, ids = wrk.path, 0, {["0"] = "x", ["1"] = "y"}
wrk.method, wrk.headers["Content-Type"] = "PATCH", "application/json"
function request()
    number = number + 1
    local id = string.format("a%%011d", number %% %d + 1):gsub("[01]", ids)
    return wrk.format(nil, path .. id, nil, '{"name":"Shop ' .. number .. '"}')
end
""" % STORES


def wrk(url, seconds, headers=(), script=None):
    arguments = ["wrk", "-t1", "-c32", f"-d{seconds}s", *[part for header in headers for part in ("-H", header)], *(["-s", script] if script else []), url]
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
        insert_stores(platform.postgres, STORES)
        page = platform.session.get(f"{platform.url}/api/v1/stores?limit=50", timeout=10).content
        live = platform.session.get(f"{platform.url}/livez", timeout=10).content
        select = platform.postgres.directory / "select.sql"
        select.write_text("SELECT id, name, slug, engine, plan, account_id, desired, generation, phase, reason, message, url, namespace_uid, version, created_at,"
                          " updated_at, ready_at, attempted_at FROM stores WHERE phase <> 'deleted' ORDER BY created_at DESC, id DESC LIMIT 51;\n")
        with Nginx({"page": page, "livez": live}) as nginx:
            results = {
                "GET /api/v1/stores?limit=50": wrk(f"{platform.url}/api/v1/stores?limit=50", seconds, [AUTHORIZATION]),
                "GET /livez": wrk(f"{platform.url}/livez", seconds),
                f"nginx, {len(page)} bytes": wrk(f"http://127.0.0.1:{nginx.port}/page", seconds),
                f"nginx, {len(live)} bytes": wrk(f"http://127.0.0.1:{nginx.port}/livez", seconds),
            }
        done = subprocess.run(["pgbench", "-n", "-c", "10", "-j", "1", "-M", "prepared", "-T", str(seconds), "-f", str(select), platform.postgres.url],
                              check=True, capture_output=True, text=True).stdout
        results["pgbench, the same SELECT"] = float(re.search(r"tps = (\S+)", done).group(1))
        platform.service.terminate()
        shares = shares_of_layers(platform.postgres)
    for name, rate in results.items():
        print(f"{name:32} {rate:9.0f} /s")
    rates = list(results.values())
    print(f"list / nginx {rates[0] / rates[2]:.3f}   list / SELECT {rates[0] / rates[4]:.2f}   livez / nginx {rates[1] / rates[3]:.2f}")
    for name, rates in shares.items():
        print(f"{name + ':':7}" + ", ".join(f"{layer} {rate / rates['bare']:.2f}" for layer, rate in rates.items()) + f"   ({rates['bare']:.0f}/s bare)")


def shares_of_layers(postgres):
    """Requests a second of http-bench behind each layer: the medians of short rounds in turn, for a machine is not the same from one minute to the next."""
    script = postgres.directory / "renames.lua"
    script.write_text(RENAMES)
    environment = {"DATABASE_URL": postgres.url, "STORE_PLATFORM_ADMIN_TOKEN": TOKEN}
    server = subprocess.Popen([BINARIES / "http-bench"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        rounds = [({layer: wrk(f"{url}/{layer}?limit=50", 1, [AUTHORIZATION]) for layer in READS},
                   {layer: wrk(f"{url}/{layer}/", 1, [AUTHORIZATION], script) for layer in WRITES}) for _ in range(ROUNDS)]
    finally:
        server.terminate()
        server.wait()
    reads, writes = zip(*rounds)
    return {"read": medians(reads), "write": medians(writes)}


def medians(rounds):
    return {layer: statistics.median(rates[layer] for rates in rounds) for layer in rounds[0]}
