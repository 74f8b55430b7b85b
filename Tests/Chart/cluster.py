"""As much of a Kubernetes API as Helm's `lookup` asks of one: discovery of the core group, and Secrets by name."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import helm_python as helm

from rendering import CHART, NAMESPACE, RELEASE, objects_in

DISCOVERY = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "v1",
    "resources": [{"name": "secrets", "singularName": "secret", "namespaced": True, "kind": "Secret", "verbs": ["get"]}],
}


@contextmanager
def cluster(secrets):
    """The address of an API server on loopback that holds these Secrets."""
    held = {(secret["metadata"]["namespace"], secret["metadata"]["name"]): secret for secret in secrets}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.partition("?")[0].strip("/").split("/")
            if parts == ["api", "v1"]:
                self.answer(200, DISCOVERY)
            elif len(parts) == 6 and parts[:3] == ["api", "v1", "namespaces"] and (parts[3], parts[5]) in held:
                self.answer(200, held[parts[3], parts[5]])
            else:
                self.answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Nothing to the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def render_in(address, values, home, **release):
    """Renders as an upgrade in that cluster does, with `lookup` answered by it. The kubeconfig for it lies in `home`."""
    kubeconfig = json.dumps({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": address}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
        "users": [{"name": "test", "user": {}}],
    })
    path = home / "kubeconfig"
    path.write_text(kubeconfig)
    release = {"name": RELEASE, "namespace": NAMESPACE, "is_upgrade": True} | release
    with helm.Config(kubeconfig_path=path, namespace=NAMESPACE) as config, helm.Chart.load(CHART) as chart:
        return objects_in(config.render(chart, values, **release))
