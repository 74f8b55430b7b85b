"""Debian's nginx twice: with the image's own nginx.conf, and in front of it as the Ingress that sends each path where it belongs."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
from urllib.request import urlopen

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = ROOT / "images" / "medusa" / "storefront"
BACKEND_PATHS = ("/app", "/admin", "/auth", "/store", "/static")  # as in Sources/Engines/Medusa/Medusa.swift, and /static for uploads

INGRESS = """
worker_processes 1;
daemon off;
pid {home}/ingress.pid;
error_log {home}/ingress.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        location / {{ proxy_pass http://127.0.0.1:{storefront}; }}
{paths}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """A shop as a visitor's browser sees it, at `url`."""

    def __init__(self, backend, settings, key):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="storefront."))
        self.home.chmod(0o755)
        subprocess.run([IMAGE / "build", "--out", self.home / "web"], check=True, stdout=subprocess.DEVNULL)
        for name, text in (("config/config.json", settings), ("key/publishable-key", key)):
            (self.home / name).parent.mkdir()
            (self.home / name).write_text(text)
        port, self.storefront = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        paths = "\n".join(f"        location {path} {{ proxy_pass {backend}; }}" for path in BACKEND_PATHS)
        (self.home / "ingress.conf").write_text(INGRESS.format(home=self.home, port=port, storefront=self.storefront, paths=paths))
        (self.home / "storefront.conf").write_text(self.image_configuration())
        as_in_the_image = {}
        if os.geteuid() == 0:
            os.chown(self.home, 1000, 1000)
            as_in_the_image = {"user": 1000, "group": 1000, "extra_groups": []}
        self.processes = [
            subprocess.Popen(["nginx", "-e", "stderr", "-c", self.home / "storefront.conf", "-g", "daemon off;"], **as_in_the_image),
            subprocess.Popen(["nginx", "-e", "stderr", "-c", self.home / "ingress.conf"]),
        ]
        self.wait(f"{self.url}/healthz")

    def image_configuration(self):
        """The image's file; only where things lie, and the port, differ here."""
        text = (IMAGE / "nginx.conf").read_text()
        here = {
            "listen 8080;": f"listen 127.0.0.1:{self.storefront};",
            "root /usr/share/storefront;": f"root {self.home}/web;",
            "/etc/storefront/": f"{self.home}/",
            "/tmp/nginx": f"{self.home}/nginx",
        }
        for old, new in here.items():
            assert old in text, f"nginx.conf no longer says {old!r}"
            text = text.replace(old, new)
        return text

    def wait(self, url):
        deadline = time.monotonic() + 15
        while True:
            try:
                return urlopen(url, timeout=2).read()
            except OSError:
                assert time.monotonic() < deadline and all(process.poll() is None for process in self.processes), f"{url} does not answer"
                time.sleep(0.05)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()
        shutil.rmtree(self.home)
