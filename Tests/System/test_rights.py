"""The chart gives the worker the rights to every call that it makes: the calls are those of a running service, seen on the wire."""

import pathlib
import re
import sys
import urllib.parse

import requests

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("Chaos", "Chart")]

from fleet import Fleet  # noqa: E402
from platform_under_test import wait_until  # noqa: E402
from rendering import installation  # noqa: E402
from rights import accounts, rights  # noqa: E402
from witnesses import settle  # noqa: E402

PATH = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/v1(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?$")


def right(method, target):
    """What RBAC asks for a request: ((group, resource), verb); None for what is no resource."""
    url = urllib.parse.urlsplit(target)
    match = PATH.match(url.path)
    if not match:
        return None
    resource = match["resource"] + (f"/{match['sub']}" if match["sub"] else "")
    query = urllib.parse.parse_qs(url.query)
    watches = query.get("watch", ["0"])[0] in ("1", "true")
    read = "watch" if watches else "get" if match["name"] else "list"
    verb = {"GET": read, "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete" if match["name"] else "deletecollection"}[method]
    return (match["group"] or "", resource), verb


def test_the_workers_rights_are_those_of_its_calls():
    with Fleet(replicas=1, environment={"STORE_PLATFORM_CHECK_ROOM": "on"}) as fleet:
        kept, going = (fleet.create(name, engine) for name, engine in (("Kept", "woocommerce"), ("Going", "medusa")))
        settle(fleet)
        requests.delete(f"{fleet.cluster_url}/apis/apps/v1/namespaces/store-{kept}/deployments/wordpress", timeout=10)
        policy = f"{fleet.cluster_url}/apis/networking.k8s.io/v1/namespaces/store-{kept}/networkpolicies/default-deny"
        requests.patch(policy, json={"spec": {"ingress": [{}]}}, headers={"Content-Type": "application/merge-patch+json"}, timeout=10)
        fleet.request("GET", f"/stores/{kept}/resources")
        fleet.request("POST", f"/stores/{kept}/credentials")
        fleet.request("DELETE", f"/stores/{going}")
        wait_until(lambda: fleet.phase(going) == "deleted", 30, "the deletion")
        calls = {right(method, target) for _, method, target in fleet.replicas[0].cluster.requests} - {None}
    objects = installation("default")
    held = {(key, verb) for key, verbs in rights(objects, accounts(objects)["store-platform-worker"]).items() for verb in verbs}
    assert calls - held == set()
    # Server-side apply of what is not there yet asks for both; the rest is for what this test does not bring about.
    calls |= {(key, "create") for key, verb in calls if verb == "patch"}
    assert held - calls <= {(("batch", "jobs"), "delete"), (("", "events"), "list"), (("storage.k8s.io", "storageclasses"), "list")}
