"""Rows and cluster end in agreement: what somebody changed is put back, what is lost is found again, what is not ours is left alone."""

import contextlib
import json
import subprocess
import time

import pytest
import requests

from platform_under_test import Platform, wait_until

HEADERS = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def ready(platform):
    return platform.wait_for_phase(platform.create("Blue Teapots")["id"], "ready")


class Objects:
    """The objects of a store, as another hand would reach for them."""

    def __init__(self, platform, store_id):
        self.platform, self.namespace = platform, f"store-{store_id}"

    def path(self, group, plural, name):
        root = f"/apis/{group}" if "/" in group else f"/api/{group}"
        return f"{self.platform.cluster_url}{root}/namespaces/{self.namespace}/{plural}/{name}"

    def get(self, *what):
        answer = requests.get(self.path(*what), timeout=10)
        return answer.json() if answer.status_code == 200 else None


POLICY = ("networking.k8s.io/v1", "networkpolicies", "default-deny")
SHOP = ("apps/v1", "deployments", "wordpress")
SERVICE = ("v1", "services", "wordpress")
QUOTA = ("v1", "resourcequotas", "store")
CONFIG = ("v1", "configmaps", "wordpress")


def healed(platform, store_id, text, after=0):
    return [event for event in platform.events(store_id) if event["type"] == "healed" and text in event["message"] and event["seq"] > after]


def seq(platform, store_id):
    return platform.events(store_id)[-1]["seq"]


@pytest.mark.parametrize("what", [POLICY, SHOP, SERVICE, QUOTA])
def test_an_object_that_was_deleted_by_hand_comes_back(platform, ready, what):
    objects, before = Objects(platform, ready["id"]), seq(platform, ready["id"])
    uid = objects.get(*what)["metadata"]["uid"]
    requests.delete(objects.path(*what), timeout=10)
    again = wait_until(lambda: objects.get(*what), 20, "the object to be made again")
    assert again["metadata"]["uid"] != uid
    wait_until(lambda: healed(platform, ready["id"], what[2], before), 20, "the event that tells of it")
    platform.wait_for_phase(ready["id"], "ready")


@pytest.mark.parametrize("what, patch", [
    (POLICY, {"spec": {"ingress": [{}]}}),
    (POLICY, {"spec": {"policyTypes": ["Ingress"]}}),
    (QUOTA, {"spec": {"hard": {"services.loadbalancers": "5"}}}),
    (QUOTA, {"spec": {"hard": {"secrets": "1000"}}}),
    (SHOP, {"spec": {"replicas": 0}}),
    (SERVICE, {"spec": {"selector": {"store-platform/stage": "elsewhere"}}}),
    (SERVICE, {"metadata": {"labels": {"store-platform/id": "another"}}}),
    (SERVICE, {"metadata": {"labels": {"store-platform/type": None}}}),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else value[2])
def test_an_object_that_was_changed_by_hand_is_put_back(platform, ready, what, patch):
    platform.wait_for_phase(ready["id"], "ready")
    objects, before = Objects(platform, ready["id"]), seq(platform, ready["id"])
    original = objects.get(*what)
    assert requests.patch(objects.path(*what) + "?fieldManager=somebody", json=patch, headers=HEADERS, timeout=10).status_code == 200

    def is_back():
        now = objects.get(*what)
        return now and now["spec"] == original["spec"] and now["metadata"]["labels"] == original["metadata"]["labels"]
    wait_until(is_back, 20, "the object to be as it was")
    wait_until(lambda: healed(platform, ready["id"], what[2], before), 20, "the event that tells of it")


@pytest.mark.parametrize("labels", [{"store-platform/type": None}, {"store-platform/id": "abcdefghijkm"}, {"store-platform/install": None},
                                    {"pod-security.kubernetes.io/enforce": "privileged"}], ids=json.dumps)
def test_a_label_of_the_namespace_comes_back(platform, ready, labels):
    platform.wait_for_phase(ready["id"], "ready")
    path = f"{platform.cluster_url}/api/v1/namespaces/store-{ready['id']}"
    before = requests.get(path, timeout=10).json()["metadata"]
    assert requests.patch(path + "?fieldManager=somebody", json={"metadata": {"labels": labels}}, headers=HEADERS, timeout=10).status_code == 200

    def labels_now():
        return requests.get(path, timeout=10).json()["metadata"]["labels"]
    wait_until(lambda: labels_now() == before["labels"], 20, "the labels to be as they were")
    assert requests.get(path, timeout=10).json()["metadata"]["uid"] == before["uid"]
    platform.wait_for_phase(ready["id"], "ready")


def test_what_somebody_adds_elsewhere_stays(platform, ready):
    objects = Objects(platform, ready["id"])
    patch = {"data": {"NOTE": "mine"}}
    assert requests.patch(objects.path(*CONFIG), json=patch, headers=HEADERS, timeout=10).status_code == 200
    platform.service.terminate()
    platform.start()
    time.sleep(2)  # what must not happen has no event to wait for
    assert objects.get(*CONFIG)["data"]["NOTE"] == "mine"


def test_what_was_changed_while_nobody_looked_is_found(platform, ready):
    platform.wait_for_phase(ready["id"], "ready")
    objects, before = Objects(platform, ready["id"]), seq(platform, ready["id"])
    platform.service.kill()
    original = objects.get(*POLICY)["spec"]
    requests.patch(objects.path(*POLICY), json={"spec": {"ingress": [{}]}}, headers=HEADERS, timeout=10)
    requests.delete(objects.path(*SERVICE), timeout=10)
    platform.start()
    wait_until(lambda: objects.get(*POLICY)["spec"] == original and objects.get(*SERVICE), 20, "both to be put right")
    wait_until(lambda: healed(platform, ready["id"], "default-deny", before), 20, "the event that tells of it")


def test_lost_passwords_degrade_the_store_and_are_not_made_up(platform):
    store = platform.wait_for_phase(platform.create("Locked out")["id"], "ready")
    objects = Objects(platform, store["id"])
    secret = objects.get("v1", "secrets", "credentials")
    requests.delete(objects.path("v1", "secrets", "credentials"), timeout=10)
    degraded = platform.wait_for_phase(store["id"], "degraded")
    assert degraded["reason"] == "credentials_lost" and "backup" in degraded["message"]
    assert objects.get("v1", "secrets", "credentials") is None
    restored = {key: secret[key] for key in ("apiVersion", "kind", "type", "data")}
    restored["metadata"] = {key: secret["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    path = objects.path("v1", "secrets", "")[:-1]
    assert requests.post(path, json=restored, timeout=10).status_code == 201
    platform.wait_for_phase(store["id"], "ready")
    assert objects.get("v1", "secrets", "credentials")["data"] == secret["data"]


def test_at_rest_nothing_is_sent_and_nothing_is_told(platform, ready):
    platform.wait_for_phase(ready["id"], "ready")
    wait_until(lambda: platform.postgres.query("SELECT count(*) FROM work") == [["0"]], 30, "the queue to be empty")
    calls = platform.cluster("/simulator/v1/calls").json()["items"]
    last, events = calls[-1]["number"] if calls else 0, seq(platform, ready["id"])
    time.sleep(3)  # what must not happen has no event to wait for
    assert platform.cluster(f"/simulator/v1/calls?since={last}").json()["items"] == []
    assert seq(platform, ready["id"]) == events


@contextlib.contextmanager
def looks(platform):
    """Calls: the stores that were made due since."""
    platform.postgres.query(
        "CREATE TABLE looks (store_id text); CREATE FUNCTION note_look() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO looks VALUES (NEW.store_id); RETURN NEW; END $$;"
        "CREATE TRIGGER note_look AFTER INSERT ON work FOR EACH ROW EXECUTE FUNCTION note_look()")
    try:
        yield lambda: {row[0] for row in platform.postgres.query("SELECT store_id FROM looks")}
    finally:
        platform.postgres.query("DROP TABLE looks; DROP FUNCTION note_look CASCADE")


def await_rest(platform, ready):
    platform.wait_for_phase(ready["id"], "ready")
    wait_until(lambda: platform.postgres.query("SELECT count(*) FROM work") == [["0"]], 30, "the queue to be empty")


def test_a_cron_run_makes_nobody_look(platform, ready):
    await_rest(platform, ready)
    objects = Objects(platform, ready["id"])
    cron = objects.get("batch/v1", "cronjobs", "cron")
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "cron", "uid": cron["metadata"]["uid"], "controller": True}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "cron-by-hand", "ownerReferences": [owner]}, "spec": cron["spec"]["jobTemplate"]["spec"]}
    with looks(platform) as seen:
        assert requests.post(objects.path("batch/v1", "jobs", "")[:-1], json=job, timeout=10).status_code == 201
        wait_until(lambda: objects.get("batch/v1", "jobs", "cron-by-hand")["status"].get("succeeded"), 30, "the run to end")
        requests.delete(objects.path("batch/v1", "jobs", "cron-by-hand"), timeout=10)  # as the one before the last goes
        time.sleep(1)  # what must not happen has no event to wait for
        assert ready["id"] not in seen()


def test_a_list_that_is_made_again_makes_nobody_look(platform, ready):
    await_rest(platform, ready)
    faults, kinds = f"{platform.cluster_url}/simulator/v1/faults", 15
    platform.service.kill()
    requests.put(faults, json={"rules": [{"fault": "watchExpired", "count": kinds, "match": {"verb": "watch"}}]}, timeout=10)
    with looks(platform) as seen:
        platform.start()
        wait_until(lambda: requests.get(faults, timeout=10).json()["rules"][0]["applied"] == kinds, 30, "every kind to be listed again")
        time.sleep(1)  # what must not happen has no event to wait for
        assert ready["id"] not in seen()
    requests.delete(faults, timeout=10)


def namespace(name, labels, annotations=None):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels, "annotations": annotations or {}}}


def post(platform, document):
    answer = requests.post(f"{platform.cluster_url}/api/v1/namespaces", json=document, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_foreign_and_doubled_namespaces_stay_as_they_are(platform, ready):
    foreign = [
        namespace("store-foreignaaaaa", {"store-platform/type": "store", "store-platform/id": "foreignaaaaa", "store-platform/install": "another"}),
        namespace("store-copyofteapot", {"store-platform/type": "store", "store-platform/id": ready["id"], "store-platform/install": "default"}),
        namespace("impostor", {"store-platform/type": "store", "store-platform/id": ready["id"], "store-platform/install": "default"}),
        namespace("store-muteaaaaaaa", {"store-platform/type": "store", "store-platform/id": "muteaaaaaaaa", "store-platform/install": "default"}),
    ]
    made = [post(platform, document) for document in foreign]
    platform.service.terminate()
    platform.start()

    def is_reported():
        return [event for event in platform.events(ready["id"]) if event["reason"] == "namespace_doubled" and "impostor" in event["message"]]
    wait_until(is_reported, 20, "the doubled namespace to be reported")
    for document in made:
        now = platform.cluster(f"/api/v1/namespaces/{document['metadata']['name']}").json()
        assert now == document
    for document in made:
        requests.delete(f"{platform.cluster_url}/api/v1/namespaces/{document['metadata']['name']}", timeout=10)


NOTES = {"store-platform/name": "Forged", "store-platform/engine": "woocommerce", "store-platform/plan": "small", "store-platform/account": "default",
         "store-platform/slug": "forged", "store-platform/created-at": "1795000000000"}


@pytest.mark.parametrize("notes", [{"created-at": "nan"}, {"created-at": "1e18"}, {"created-at": "-5"}, {"created-at": "99999999999999"},
                                   {"account": "Bad One"}, {"account": "x" * 41}, {"name": ""}, {"name": "a\u202eb"}, {"slug": "../x"}],
                         ids=lambda notes: " ".join(f"{key} {value[:9]!a}" for key, value in notes.items()))
def test_annotations_that_cannot_be_are_reported_and_hold_nothing_up(platform, ready, notes):
    labels = {"store-platform/type": "store", "store-platform/id": "afcrgedstcre", "store-platform/install": "default"}
    made = post(platform, namespace("store-afcrgedstcre", labels, {**NOTES, **{f"store-platform/{key}": value for key, value in notes.items()}}))
    platform.service.terminate()
    platform.postgres.query("DELETE FROM work")
    requests.delete(Objects(platform, ready["id"]).path(*SERVICE), timeout=10)
    began = log_length(platform)
    platform.start()
    wait_until(lambda: "store-afcrgedstcre belongs to no store" in log_since(platform, began), 20, "the namespace to be reported")
    wait_until(lambda: Objects(platform, ready["id"]).get(*SERVICE), 20, "the others to be looked after")
    assert platform.cluster("/api/v1/namespaces/store-afcrgedstcre").json() == made
    assert requests.get(f"{platform.url}/api/v1/stores/afcrgedstcre", headers=platform.session.headers, timeout=10).status_code == 404
    requests.delete(f"{platform.cluster_url}/api/v1/namespaces/store-afcrgedstcre", timeout=10)
    wait_until(lambda: platform.cluster("/api/v1/namespaces/store-afcrgedstcre").status_code == 404, 20, "the namespace to be gone")


def log_length(platform):
    return (platform.postgres.directory / "service.log").stat().st_size


def log_since(platform, length):
    return (platform.postgres.directory / "service.log").read_bytes()[length:].decode(errors="replace")


def test_a_volume_that_is_left_behind_is_reported(platform):
    store = platform.wait_for_phase(platform.create("Left a volume")["id"], "ready")
    platform.session.delete(f"{platform.url}/api/v1/stores/{store['id']}", timeout=10)
    platform.wait_for_phase(store["id"], "deleted")
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "kept"},
              "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
                       "hostPath": {"path": "/tmp/kept"}, "claimRef": {"namespace": f"store-{store['id']}", "name": "uploads", "uid": "gone"}}}
    answer = requests.post(f"{platform.cluster_url}/api/v1/persistentvolumes", json=volume, timeout=10)
    assert answer.status_code == 201, answer.text
    requests.patch(f"{platform.cluster_url}/api/v1/persistentvolumes/kept/status", json={"status": {"phase": "Released"}}, headers=HEADERS, timeout=10)
    platform.service.terminate()
    platform.start()
    wait_until(lambda: [event for event in platform.events(store["id"]) if event["reason"] == "volume_left_behind"], 20, "the report")


def forget(platform, *ids):
    """As if the database were older than these stores."""
    listed = ", ".join(f"'{store_id}'" for store_id in ids)
    platform.postgres.query(
        "SET session_replication_role = replica; "
        f"DELETE FROM work WHERE store_id IN ({listed}); DELETE FROM store_events WHERE store_id IN ({listed}); DELETE FROM stores WHERE id IN ({listed})")


def test_an_older_database_under_a_living_cluster_loses_no_shop():
    """Last week's rows: one store has gone since, and its address is another's by now; others have come."""
    with Platform() as platform:
        old = platform.wait_for_phase(platform.create("Corner Shop")["id"], "ready")
        dump = platform.postgres.directory / "last-week.sql"
        subprocess.run(["pg_dump", "--clean", "-f", dump, platform.postgres.url], check=True, capture_output=True)
        platform.session.delete(f"{platform.url}/api/v1/stores/{old['id']}", timeout=10)
        platform.wait_for_phase(old["id"], "deleted")
        platform.create("Corner Shop")
        platform.create("New One", "medusa")
        living = {store["id"]: platform.wait_for_phase(store["id"], "ready")
                  for store in platform.session.get(f"{platform.url}/api/v1/stores", timeout=10).json()["items"]}
        secrets = {store_id: platform.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json() for store_id in living}
        platform.service.terminate()
        subprocess.run(["psql", "-Xq", "-f", dump, platform.postgres.url], check=True, capture_output=True)
        platform.start()
        for store_id, before in living.items():
            wait_until(lambda: platform.store(store_id).get("phase") == "ready", 30, f"{store_id} to be found again")
            after = platform.store(store_id)
            for field in ("id", "name", "slug", "engine", "plan", "account", "createdAt", "url"):
                assert after[field] == before[field], field
            assert platform.cluster(f"/api/v1/namespaces/store-{store_id}/secrets/credentials").json()["data"] == secrets[store_id]["data"]
        moved = platform.store(old["id"])
        assert moved["slug"] != "corner-shop" and moved["slug"].startswith("corner-shop-")
        assert platform.postgres.query("SELECT count(*) FROM audit_log WHERE action = 'store.adopt'") == [["2"]]


@pytest.mark.parametrize("setting", ["report", "delete"])
def test_unknown_namespaces_are_reported_or_deleted_where_that_is_set(setting):
    with Platform(environment={"STORE_PLATFORM_UNKNOWN_NAMESPACES": setting}) as platform:
        stores = [platform.wait_for_phase(platform.create(f"Shop {number}")["id"], "ready") for number in range(5)]
        platform.service.terminate()
        forget(platform, stores[0]["id"])
        platform.start()
        log = platform.postgres.directory / "service.log"
        if setting == "report":
            wait_until(lambda: "belongs to no store. It is left" in log.read_text(), 20, "the report")
            assert len(platform.namespaces()) == 5
            return
        wait_until(lambda: len(platform.namespaces()) == 4, 20, "the stray namespace to go")
        # Four of four: the rows are more likely to be wrong than the cluster.
        platform.service.terminate()
        forget(platform, *[store["id"] for store in stores[1:]])
        platform.start()
        wait_until(lambda: "none is." in log.read_text(), 20, "the refusal")
        assert len(platform.namespaces()) == 4


def test_a_new_version_of_the_manifests_reaches_the_stores_that_are_ready():
    with Platform() as platform:
        store = platform.wait_for_phase(platform.create("Upgraded")["id"], "ready")
        platform.service.terminate()
        platform.settings["STORE_PLATFORM_IMAGE_WOOCOMMERCE"] = "store-platform/woocommerce:9.9.9"
        platform.start()
        shop = Objects(platform, store["id"])

        def image():
            return shop.get(*SHOP)["spec"]["template"]["spec"]["containers"][0]["image"]
        wait_until(lambda: image().endswith(":9.9.9"), 20, "the new image")
        wait_until(lambda: [event for event in platform.events(store["id"]) if event["type"] == "updated"], 20, "the event")
        assert not healed(platform, store["id"], "")
        assert "degraded" not in {event["phase"] for event in platform.events(store["id"])}


def test_a_shop_that_falls_and_rises_does_not_fill_its_timeline():
    with Platform(pod_delay=500) as platform:
        store = platform.wait_for_phase(platform.create("Flapping")["id"], "ready")

        def pods():
            items = platform.cluster(f"/api/v1/namespaces/store-{store['id']}/pods").json()["items"]
            return [pod for pod in items if pod["metadata"]["labels"].get("store-platform/stage") == "database"]
        for _ in range(6):
            for pod in pods():
                requests.delete(f"{platform.cluster_url}/api/v1/namespaces/store-{store['id']}/pods/{pod['metadata']['name']}?gracePeriodSeconds=0", timeout=10)
            wait_until(lambda: platform.store(store["id"])["reason"] not in ("recovering", None), 20, "the fall to be noticed")
            wait_until(lambda: platform.store(store["id"])["phase"] == "ready" or platform.store(store["id"])["reason"] == "recovering", 20, "the rise")
        changes = [event["phase"] for event in platform.events(store["id"]) if event["type"] == "phase_changed"]
        falls = changes.count("degraded")
        assert 1 <= falls <= 3, changes


DATABASE = ("apps/v1", "statefulsets", "mariadb")


@contextlib.contextmanager
def never_ready(platform, store_id):
    """Pods of the store that are made from now on do not become ready."""
    path = f"{platform.cluster_url}/api/v1/namespaces/store-{store_id}"
    requests.patch(path, json={"metadata": {"annotations": {"simulator.store-platform/ready": "never"}}}, headers=HEADERS, timeout=10)
    yield
    requests.patch(path, json={"metadata": {"annotations": {"simulator.store-platform/ready": None}}}, headers=HEADERS, timeout=10)


def delete_database_pod(platform, store_id):
    pod = Objects(platform, store_id).path("v1", "pods", "mariadb-0")
    requests.delete(f"{pod}?gracePeriodSeconds=0", timeout=10)


def test_a_database_that_fell_while_nobody_looked_is_noticed(platform, ready):
    await_rest(platform, ready)
    objects = Objects(platform, ready["id"])
    platform.service.kill()
    with never_ready(platform, ready["id"]):
        delete_database_pod(platform, ready["id"])
        wait_until(lambda: not objects.get(*DATABASE)["status"].get("readyReplicas"), 20, "the database to be away")
        wait_until(lambda: objects.get("v1", "pods", "mariadb-0"), 20, "its next pod")
        platform.start()
        platform.wait_for_phase(ready["id"], "degraded", 20)
    delete_database_pod(platform, ready["id"])
    platform.wait_for_phase(ready["id"], "ready")


def test_what_keeps_a_shop_from_answering_is_put_back(platform, ready):
    """The database never comes up with what somebody made of it, so the shop is never seen well."""
    await_rest(platform, ready)
    objects, before = Objects(platform, ready["id"]), seq(platform, ready["id"])
    image = objects.get(*DATABASE)["spec"]["template"]["spec"]["containers"][0]["image"]
    wrong = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.invalid/database:1"}]
    requests.patch(objects.path(*DATABASE), json=wrong, headers=JSON_PATCH, timeout=10)
    wait_until(lambda: healed(platform, ready["id"], "mariadb", before), 30, "what was changed to be told")
    assert objects.get(*DATABASE)["spec"]["template"]["spec"]["containers"][0]["image"] == image
    platform.wait_for_phase(ready["id"], "ready", 60)


def test_an_api_server_that_cannot_write_fails_no_store():
    with Platform(environment={"STORE_PLATFORM_PROVISION_TIMEOUT": "15"}) as platform:
        faults = f"{platform.cluster_url}/simulator/v1/faults"
        requests.put(faults, json={"rules": [{"fault": "unavailable", "probability": 1, "match": {"verb": "patch"}}]}, timeout=10)
        store_id = platform.create("Patient Teapots")["id"]
        wait_until(lambda: platform.store(store_id)["reason"] == "cluster_unavailable", 20, "the trouble to be told")
        time.sleep(17)  # what must not happen has no event to wait for
        assert platform.store(store_id)["phase"] in ("pending", "provisioning")
        requests.delete(faults, timeout=10)
        platform.wait_for_phase(store_id, "ready")
