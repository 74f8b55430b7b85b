"""The pods: what they may do, what they take, how they are watched, and how they are replaced."""

import copy
import re

import pytest

from pod_security import violations
from rendering import (
    INSTALLATIONS, MINIMAL, PROJECT, container_named, containers, installation, merged, named, of_kind, pod_template, render, selects, variables,
    workloads,
)


def test_every_pod_is_restricted(objects):
    for workload in workloads(objects):
        assert violations(pod_template(workload)["spec"]) == [], workload["metadata"]["name"]


@pytest.mark.parametrize(
    "spoil, sentence",
    [
        (lambda pod: pod.update(hostNetwork=True), "hostNetwork is set"),
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "the pod may run as root"),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "the pod's user is root or left to the image"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "no seccomp profile"),
        (lambda pod: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}), "volume host is a hostPath"),
        (lambda pod: pod["containers"][0].pop("securityContext"), "store-platform: privileges may grow"),
        (lambda pod: pod["initContainers"][0]["securityContext"].update(privileged=True), "roles: privileged"),
        (lambda pod: pod["containers"][0]["securityContext"].update(capabilities={}), "store-platform: capabilities are kept"),
        (lambda pod: pod["containers"][0]["ports"][0].update(hostPort=80), "store-platform: takes a port of the node"),
    ],
)
def test_the_restricted_check_sees(spoil, sentence):
    pod = copy.deepcopy(named(installation("default"), "Deployment", "store-platform-api"))["spec"]["template"]["spec"]
    spoil(pod)
    assert sentence in violations(pod)


def test_every_container_has_requests_and_limits(objects):
    for workload in workloads(objects):
        for container in containers(workload):
            for bound in ("requests", "limits"):
                assert container["resources"][bound].keys() >= {"cpu", "memory"}, container["name"]


def servers(objects):
    return of_kind(objects, "Deployment", "StatefulSet")


def test_every_container_that_serves_is_probed(objects):
    serving = [c for workload in servers(objects) for c in pod_template(workload)["spec"]["containers"]]
    assert serving
    for container in serving:
        assert container["ports"]
        assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}, container["name"]


def test_liveness_never_depends_on_the_database(objects):
    for deployment in of_kind(objects, "Deployment"):
        service = container_named(deployment, "store-platform")
        assert service["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
        assert service["startupProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
        assert service["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


def test_named_ports_of_probes_exist(objects):
    for workload in servers(objects):
        for container in pod_template(workload)["spec"]["containers"]:
            names = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                for way in ("httpGet", "tcpSocket"):
                    assert container[probe].get(way, {}).get("port") in names | {None}


def test_the_service_migrates_before_it_serves_with_the_same_image(objects):
    for deployment in of_kind(objects, "Deployment"):
        migrate, service = containers(deployment)[-2:]
        assert (migrate["name"], migrate["args"][0]) == ("migrate", "migrate")
        assert "args" not in service and "command" not in service
        assert migrate["image"] == service["image"]


def test_the_migration_is_told_of_the_database_alone(objects):
    for deployment in of_kind(objects, "Deployment"):
        migrate = container_named(deployment, "migrate")
        assert variables(migrate).keys() == {"DATABASE_URL"} and "envFrom" not in migrate
        assert {mount["name"] for mount in migrate["volumeMounts"]} <= {"tmp", "database-authority"}


def test_the_service_runs_as_the_user_of_its_image(objects):
    (user,) = re.findall(r"^USER (\d+):\1$", (PROJECT / "images/platform/Dockerfile").read_text(), re.MULTILINE)
    for deployment in of_kind(objects, "Deployment"):
        assert deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == int(user)


def test_a_rolling_update_takes_no_pod_away_and_leaves_time_to_end(objects):
    for deployment in of_kind(objects, "Deployment"):
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 40


@pytest.mark.parametrize("pause, grace", [(None, 45), (0, 40), (60, 100)])
def test_a_longer_pause_leaves_as_much_time_to_end(pause, grace):
    objects = render(merged(MINIMAL, {"platform": {"drainPause": pause}}))
    assert {d["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for d in of_kind(objects, "Deployment")} == {grace}


@pytest.mark.parametrize(
    "name, roles",
    [
        ("default", {"store-platform-api": "api", "store-platform-worker": "worker"}),
        ("role split", {"store-platform-api": "api", "store-platform-worker": "worker"}),
        ("role all", {"store-platform-api": "all"}),
        ("local", {"store-platform-api": "all"}),
        ("prod", {"store-platform-api": "api", "store-platform-worker": "worker"}),
    ],
)
def test_the_mode_decides_which_deployment_does_what(name, roles):
    found = {
        deployment["metadata"]["name"]: variables(container_named(deployment, "store-platform"))["STORE_PLATFORM_ROLE"]
        for deployment in of_kind(installation(name), "Deployment")
    }
    assert found == roles


def test_selectors_find_their_own_pods_and_no_others(objects):
    for workload in servers(objects):
        selector = workload["spec"]["selector"]["matchLabels"]
        found = [w for w in workloads(objects) if selects(selector, pod_template(w)["metadata"]["labels"])]
        assert found == [workload]


def test_selectors_do_not_move_with_the_version(objects):
    for workload in servers(objects):
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & workload["spec"]["selector"]["matchLabels"].keys()


def test_services_lead_to_a_port_of_a_pod(objects):
    for service in of_kind(objects, "Service"):
        (target,) = [
            w for w in workloads(objects) if selects(service["spec"]["selector"], pod_template(w)["metadata"]["labels"])
        ]
        ports = {port["name"] for container in containers(target) for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_the_ingress_leads_to_a_port_of_a_service(objects):
    for ingress in of_kind(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                service = named(objects, "Service", backend["name"])
                assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_ingress_can_be_left_out_and_names_no_controller_of_its_own():
    assert of_kind(installation("ingress off"), "Ingress") == []
    (ingress,) = of_kind(installation("default"), "Ingress")
    assert "annotations" not in ingress["metadata"]
    assert "ingressClassName" not in ingress["spec"] and "tls" not in ingress["spec"]
    assert ingress["spec"]["rules"][0]["host"] == "dashboard.shops.test"


def test_tls_names_the_host_and_its_secret():
    (ingress,) = of_kind(installation("prod"), "Ingress")
    assert ingress["spec"]["tls"] == [{"hosts": ["dashboard.shops.example.com"], "secretName": "store-platform-tls"}]
    assert ingress["spec"]["ingressClassName"] == "traefik"


def test_a_disruption_budget_comes_with_the_second_replica():
    assert of_kind(installation("local"), "PodDisruptionBudget") == []
    (budget,) = of_kind(installation("prod"), "PodDisruptionBudget")
    api = named(installation("prod"), "Deployment", "store-platform-api")
    assert budget["spec"]["selector"] == api["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] < api["spec"]["replicas"]


def test_replicas_spread_over_nodes(objects):
    for deployment in of_kind(objects, "Deployment"):
        (constraint,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert constraint["topologyKey"] == "kubernetes.io/hostname"
        assert constraint["labelSelector"] == deployment["spec"]["selector"]


def test_mounted_volumes_exist(objects):
    for workload in workloads(objects):
        spec = workload["spec"]
        volumes = pod_template(workload)["spec"].get("volumes", []) + [c["metadata"] for c in spec.get("volumeClaimTemplates", [])]
        names = {volume["name"] for volume in volumes}
        mounted = {mount["name"] for container in containers(workload) for mount in container["volumeMounts"]}
        assert mounted == names


def test_the_database_keeps_its_volume():
    (database,) = of_kind(installation("prod"), "StatefulSet")
    assert database["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = database["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert claim["spec"]["storageClassName"] == "local-path"


def test_an_external_database_leaves_nothing_of_the_bundled_one():
    assert not [item for item in installation("external database") if "postgresql" in item["metadata"]["name"]]


def test_images_are_pinned_by_tag_or_digest(objects):
    for workload in workloads(objects):
        for container in containers(workload):
            assert ":" in container["image"].rpartition("/")[2]
            assert not container["image"].endswith(":latest")


def test_a_digest_decides_over_the_tag():
    api = named(installation("everything set"), "Deployment", "shops-api")
    assert container_named(api, "store-platform")["image"] == "store-platform:0.1.0@sha256:" + "0" * 64


def test_placement_reaches_every_pod():
    for workload in workloads(installation("everything set")):
        pod = pod_template(workload)["spec"]
        given = INSTALLATIONS["everything set"]
        assert {key: pod[key] for key in ("nodeSelector", "tolerations", "imagePullSecrets")} == {
            key: given[key] for key in ("nodeSelector", "tolerations", "imagePullSecrets")
        }


def test_a_new_chart_version_does_not_restart_the_database():
    (database,) = of_kind(render(merged(MINIMAL, {"image": {"tag": "9.9.9"}})), "StatefulSet")
    assert not {"helm.sh/chart", "app.kubernetes.io/version"} & database["spec"]["template"]["metadata"]["labels"].keys()
    assert database["spec"]["template"] == of_kind(installation("default"), "StatefulSet")[0]["spec"]["template"]
