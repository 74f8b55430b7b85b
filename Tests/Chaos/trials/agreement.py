"""What others do to the cluster and to the rows: promises 6 and 7."""

import json
import subprocess
import time

import requests

from crashes import MERGE
from fleet import Fleet
from platform_under_test import wait_until
from trials.outcome import Outcome, until
from witnesses import complaints, figures, settle


FOREIGN = {
    "store-foreignaaaaa": {"store-platform/type": "store", "store-platform/id": "foreignaaaaa", "store-platform/install": "another"},
    "store-unlabelled": {},
    "customer-database": {"store-platform/type": "store", "store-platform/id": "customerdata", "store-platform/install": "default"},
}


def plant_foreign(fleet):
    for name, labels in FOREIGN.items():
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        requests.post(f"{fleet.cluster_url}/api/v1/namespaces", json=document, timeout=10)
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours", "labels": labels}, "data": {"a": "b"}}
        requests.post(f"{fleet.cluster_url}/api/v1/namespaces/{name}/configmaps", json=config, timeout=10)
    return dump_foreign(fleet)


def dump_foreign(fleet):
    return {path: fleet.cluster(path).text for name in FOREIGN for path in (f"/api/v1/namespaces/{name}", f"/api/v1/namespaces/{name}/configmaps/ours")}


def drift_is_healed(chance, seconds):
    """6: objects and labels of stores are deleted and altered by hand, and namespaces deleted, while replicas come and go."""
    waits, failures, remade = [], [], set()
    with Fleet(replicas=2) as fleet:
        foreign = plant_foreign(fleet)
        stores = [fleet.create(f"Drift {number}", chance.choice(["woocommerce", "medusa"])) for number in range(4)]
        settle(fleet)
        for number in until(seconds):
            store_id = chance.choice(stores)
            before = _shape(fleet, store_id)
            if chance.random() < 0.2:
                victim = chance.choice(fleet.replicas)
                victim.kill()
                what = _meddle(fleet, store_id, chance)
                victim.start()
            else:
                what = _meddle(fleet, store_id, chance)
            began = time.monotonic()
            if what == "the namespace":
                remade.add(store_id)
            try:
                wait_until(lambda: _shape(fleet, store_id) == before and fleet.phase(store_id) == "ready", 90, f"{what} to be healed", 0.1)
                waits.append(time.monotonic() - began)
            except AssertionError as error:
                failures.append(f"{error}; differs in {sorted(_difference(before, _shape(fleet, store_id)))[:5]}")
        fleet.wait_until_ready()
        settle(fleet)
        failures += complaints(fleet, remade=remade)
        if dump_foreign(fleet) != foreign:
            failures.append("foreign objects were touched")
    return Outcome(len(waits) + len(failures), failures, f"healed within {figures(waits)} (promised 90 s)")


KINDS = [("/api/v1", kind) for kind in ("services", "configmaps", "resourcequotas", "limitranges", "serviceaccounts", "secrets")] + [
    ("/apis/networking.k8s.io/v1", "networkpolicies"), ("/apis/networking.k8s.io/v1", "ingresses"), ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "statefulsets"), ("/apis/batch/v1", "cronjobs")]


def _objects(fleet, store_id):
    for root, plural in KINDS:
        for item in fleet.cluster(f"{root}/namespaces/store-{store_id}/{plural}?labelSelector=app.kubernetes.io/managed-by%3Dstore-platform").json()["items"]:
            yield root, plural, item


def _shape(fleet, store_id):
    """What of a store must stay as it is, whatever its objects' uids and versions. Passwords only as long as the namespace is the same."""
    shape = {}
    namespace = fleet.cluster(f"/api/v1/namespaces/store-{store_id}").json()
    shape["namespace"] = json.dumps(namespace["metadata"].get("labels"), sort_keys=True)
    for _, plural, item in _objects(fleet, store_id):
        kept = {key: item.get(key) for key in ("spec", "data") if key in item and plural != "secrets"}
        for volatile in ("clusterIP", "clusterIPs"):
            (kept.get("spec") or {}).pop(volatile, None)
        labels = {key: value for key, value in item["metadata"].get("labels", {}).items()}
        shape[f"{plural}/{item['metadata']['name']}"] = json.dumps([kept, labels], sort_keys=True)
    return shape


def _difference(one, other):
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _meddle(fleet, store_id, chance):
    namespace = f"{fleet.cluster_url}/api/v1/namespaces/store-{store_id}"
    objects = [(root, plural, item) for root, plural, item in _objects(fleet, store_id) if plural != "secrets"]
    root, plural, item = chance.choice(objects)
    url = f"{fleet.cluster_url}{root}/namespaces/store-{store_id}/{plural}/{item['metadata']['name']}"
    name = f"{plural}/{item['metadata']['name']}"
    way = chance.choice(["delete", "delete", "label", "spec", "spec", "namespace", "namespace label"])
    if way == "namespace":
        requests.delete(namespace, timeout=10)
        return "the namespace"
    if way == "namespace label":
        label = chance.choice(["store-platform/type", "store-platform/id", "pod-security.kubernetes.io/enforce"])
        requests.patch(namespace, json={"metadata": {"labels": {label: None}}}, headers=MERGE, timeout=10)
        return f"the namespace's label {label}"
    if way == "delete" or (way == "spec" and plural not in ("networkpolicies", "deployments", "services", "resourcequotas")):
        requests.delete(url, timeout=10)
        return f"{name}, deleted,"
    if way == "label":
        label = chance.choice(["store-platform/type", "store-platform/id", "app.kubernetes.io/managed-by"])
        requests.patch(url, json={"metadata": {"labels": {label: None}}}, headers=MERGE, timeout=10)
        return f"the label {label} of {name}"
    change = {"networkpolicies": {"ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}, "deployments": {"replicas": 0},
              "services": {"selector": {"nobody": "here"}}, "resourcequotas": {"hard": {"services.nodeports": "9"}}}[plural]
    requests.patch(url + "?fieldManager=somebody", json={"spec": change}, headers=MERGE, timeout=10)
    return f"{name}, altered,"


def foreign_things_are_untouched(chance, seconds):
    """7: another installation's namespaces, forged labels, and an older database restored under a living cluster."""
    failures, restored, remade = [], 0, set()
    with Fleet(replicas=2) as fleet:
        foreign = plant_foreign(fleet)
        for number in until(seconds):
            old = [fleet.create(f"Old {number} {index}") for index in range(2)]
            settle(fleet)
            dump = fleet.postgres.directory / "dump.sql"
            subprocess.run(["pg_dump", "--clean", "--if-exists", "--exclude-schema=chaos", "-f", dump, fleet.postgres.url], check=True, capture_output=True)
            # Deleted after the copy was made: what brings it back is the copy.
            gone = old[0]
            remade.add(gone)
            fleet.request("DELETE", f"/stores/{gone}")
            new = [fleet.create(f"New {number} {index}") for index in range(3)]
            wait_until(lambda: fleet.phase(gone) == "deleted", 40, "the deletion")
            settle(fleet)
            what = "SELECT id, name, slug, engine, plan, account_id, date_trunc('milliseconds', created_at) FROM stores"
            shops = {row[0]: row[1:] for row in fleet.query(f"{what} WHERE phase = 'ready'")}
            secrets = {store_id: fleet.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json()["data"] for store_id in shops}
            for replica in fleet.replicas:
                replica.kill()
            subprocess.run(["psql", "-Xq", "-f", dump, fleet.postgres.url], check=True, capture_output=True)
            fleet.revive()
            fleet.wait_until_ready()
            wait_until(lambda: all(fleet.phase(store_id) == "ready" for store_id in shops), 60, "every shop to be known again", 0.2)
            settle(fleet)
            restored += len(new)
            for store_id, values in shops.items():
                after = fleet.query(f"{what} WHERE id = '{store_id}'")[0][1:]
                if after != values:
                    failures.append(f"{store_id} came back as {after} and was {values}")
                if fleet.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json()["data"] != secrets[store_id]:
                    failures.append(f"{store_id} has other passwords")
        failures += complaints(fleet, remade=remade)
        if dump_foreign(fleet) != foreign:
            failures.append("foreign objects were touched")
    return Outcome(restored + len(FOREIGN), failures, f"{restored} shops found again under older rows, {len(FOREIGN)} foreign namespaces byte for byte the same")
