"""A day's work with the Python clients `kubernetes` and `kr8s`, and a check of what they get back."""

import kr8s
import kr8s.objects
import kubernetes
import kubernetes_validate
import pytest

from conftest import deployment


@pytest.fixture
def official(cluster):
    with kubernetes.config.new_client_from_config(str(cluster.kubeconfig)) as client:
        yield client


@pytest.fixture
def api(cluster):
    return kr8s.api(kubeconfig=str(cluster.kubeconfig))


def validate(thing):
    """Holds an object to the schema of the newest Kubernetes that is known."""
    thing = {key: value for key, value in thing.items() if value is not None}
    kubernetes_validate.validate(thing, "1.36", strict=True)


def test_kubernetes_makes_reads_lists_and_deletes(official, namespace):
    core = kubernetes.client.CoreV1Api(official)
    made = core.create_namespaced_config_map(
        namespace, {"metadata": {"name": "a", "labels": {"tier": "gold"}}, "data": {"k": "v"}})
    assert made.metadata.uid and core.read_namespaced_config_map("a", namespace).data == {"k": "v"}
    assert [one.metadata.name for one in core.list_namespaced_config_map(namespace, label_selector="tier=gold").items] == ["a"]
    with pytest.raises(kubernetes.client.ApiException) as refusal:
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
    assert refusal.value.status == 409 and "AlreadyExists" in refusal.value.body
    core.delete_namespaced_config_map("a", namespace)
    with pytest.raises(kubernetes.client.ApiException) as missing:
        core.read_namespaced_config_map("a", namespace)
    assert missing.value.status == 404


def test_kubernetes_pages_through_a_list(official, namespace):
    core = kubernetes.client.CoreV1Api(official)
    for number in range(7):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": f"c{number}", "labels": {"n": "y"}}})
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(namespace, label_selector="n=y", limit=3, _continue=token)
        names += [one.metadata.name for one in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"c{number}" for number in range(7)]


def test_kubernetes_watches_a_deployment_become_available(official, namespace):
    apps = kubernetes.client.AppsV1Api(official)
    apps.create_namespaced_deployment(namespace, deployment("web", replicas=2))
    watch = kubernetes.watch.Watch()
    for event in watch.stream(apps.list_namespaced_deployment, namespace, timeout_seconds=20):
        if event["object"].status.available_replicas == 2:
            watch.stop()
            break
    else:
        pytest.fail("it did not become available")
    validate(apps.read_namespaced_deployment("web", namespace, _preload_content=False).json())


def test_kubernetes_patches_scales_and_applies(official, namespace):
    apps = kubernetes.client.AppsV1Api(official)
    apps.create_namespaced_deployment(namespace, deployment("web"))
    apps.patch_namespaced_deployment("web", namespace, {"metadata": {"annotations": {"note": "x"}}})
    assert apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}}).spec.replicas == 3
    assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 3
    dynamic = kubernetes.dynamic.DynamicClient(official)
    kind = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    applied = dynamic.server_side_apply(kind, manifest, namespace=namespace, field_manager="one")
    assert applied.data.k == "1" and applied.metadata.managedFields[0].manager == "one"


def test_kubernetes_reads_logs_and_events(official, namespace):
    core, batch = kubernetes.client.CoreV1Api(official), kubernetes.client.BatchV1Api(official)
    batch.create_namespaced_job(namespace, {
        "metadata": {"name": "sums"}, "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "busybox", "command": ["sh", "-c", "echo four; exit 0"]}]}}}})
    watch = kubernetes.watch.Watch()
    for event in watch.stream(batch.list_namespaced_job, namespace, timeout_seconds=20):
        if event["object"].status.succeeded:
            watch.stop()
            break
    pod = core.list_namespaced_pod(namespace, label_selector="job-name=sums").items[0].metadata.name
    assert core.read_namespaced_pod_log(pod, namespace) == "four\n"
    reasons = {event.reason for event in core.list_namespaced_event(namespace).items}
    assert {"SuccessfulCreate", "Scheduled", "Pulled", "Created", "Started", "Completed"} <= reasons


def test_kr8s_lives_with_a_deployment(api, namespace):
    web = kr8s.objects.Deployment({**deployment("web"), "metadata": {"name": "web", "namespace": namespace}}, api=api)
    web.create()
    web.wait("condition=Available", timeout=20)
    assert web.ready()
    web.scale(2)
    assert len(web.pods()) == 2
    web.label({"tier": "gold"})
    web.annotate({"note": "x"})
    found = list(api.get("deployments", namespace=namespace, label_selector={"tier": "gold"}))
    assert [one.name for one in found] == ["web"] and found[0].annotations["note"] == "x"
    validate(found[0].raw.to_dict())
    web.delete(propagation_policy="Foreground")
    web.wait("delete", timeout=20)
    assert not web.exists()


def test_kr8s_watches_pods(api, namespace):
    kr8s.objects.Deployment({**deployment("web"), "metadata": {"name": "web", "namespace": namespace}}, api=api).create()
    for _, pod in api.watch("pods", namespace=namespace):
        if pod.status.get("phase") == "Running":
            break


def test_kubernetes_scales_a_stateful_set_one_by_one(official, namespace):
    apps, core = kubernetes.client.AppsV1Api(official), kubernetes.client.CoreV1Api(official)
    apps.create_namespaced_stateful_set(namespace, {
        "metadata": {"name": "db"}, "spec": {
            "serviceName": "db", "replicas": 3, "selector": {"matchLabels": {"app": "db"}},
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Delete"},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
                "terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "mariadb:11"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})

    def names(things):
        return sorted(thing.metadata.name for thing in things.items)
    watch, order = kubernetes.watch.Watch(), []
    for event in watch.stream(core.list_namespaced_pod, namespace, timeout_seconds=20):
        name = event["object"].metadata.name
        if name not in order:
            order.append(name)
        if name == "db-2" and event["object"].status.phase == "Running":
            watch.stop()
    assert order == ["db-0", "db-1", "db-2"]
    assert names(core.list_namespaced_persistent_volume_claim(namespace)) == ["data-db-0", "data-db-1", "data-db-2"]
    apps.patch_namespaced_stateful_set_scale("db", namespace, {"spec": {"replicas": 1}})
    for event in kubernetes.watch.Watch().stream(core.list_namespaced_persistent_volume_claim, namespace, timeout_seconds=20):
        if event["type"] == "DELETED" and event["object"].metadata.name == "data-db-1":
            break
    assert names(core.list_namespaced_persistent_volume_claim(namespace)) == ["data-db-0"]
    apps.delete_namespaced_stateful_set("db", namespace)
    for event in kubernetes.watch.Watch().stream(core.list_namespaced_persistent_volume_claim, namespace, timeout_seconds=20):
        if event["type"] == "DELETED":
            break
    assert names(core.list_namespaced_persistent_volume_claim(namespace)) == []


def test_every_kind_that_comes_back_is_valid(official, cluster, namespace):
    """What a store is made of, and what the cluster makes of it."""
    apps, core = kubernetes.client.AppsV1Api(official), kubernetes.client.CoreV1Api(official)
    apps.create_namespaced_stateful_set(namespace, {
        "metadata": {"name": "db"}, "spec": {
            "serviceName": "db", "replicas": 1, "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "main", "image": "mariadb:11"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})
    apps.create_namespaced_deployment(namespace, deployment("web"))
    core.create_namespaced_service(namespace, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    core.create_namespaced_resource_quota(namespace, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "9"}}})
    watch = kubernetes.watch.Watch()
    for event in watch.stream(apps.list_namespaced_stateful_set, namespace, timeout_seconds=20):
        if event["object"].status.ready_replicas == 1:
            watch.stop()
            break
    else:
        pytest.fail("it did not become ready")
    checked = set()
    for path in ("api/v1/namespaces/{}/pods", "api/v1/namespaces/{}/services", "api/v1/namespaces/{}/persistentvolumeclaims",
                 "api/v1/namespaces/{}/resourcequotas", "api/v1/namespaces/{}/events", "api/v1/namespaces/{}/serviceaccounts",
                 "apis/apps/v1/namespaces/{}/deployments", "apis/apps/v1/namespaces/{}/replicasets",
                 "apis/apps/v1/namespaces/{}/statefulsets", "api/v1/persistentvolumes", "api/v1/nodes", "api/v1/namespaces",
                 "apis/storage.k8s.io/v1/storageclasses"):
        answer = cluster.get("/" + path.format(namespace)).json()
        kind, version = answer["kind"].removesuffix("List"), answer["apiVersion"]
        for item in answer["items"]:
            validate({"kind": kind, "apiVersion": version, **item})
            checked.add(kind)
    assert len(checked) == 13
