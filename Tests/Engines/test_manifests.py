"""The objects of a store, of every engine and plan, before judges of their own: Kubernetes' schemas, checkov, and the simulator's admission."""

import json
import os
import pathlib
import subprocess

import kubernetes_validate
import pytest
import yaml

from platform_under_test import BINARIES, Platform

ENGINES, PLANS = ("woocommerce", "medusa"), ("small", "medium", "large")
SCHEMAS = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
NEWEST = sorted({tuple(map(int, path.name.split("-")[0][1:].split("."))) for path in SCHEMAS.iterdir()})[-3:]
PRIVATE = {
    "STORE_PLATFORM_PUBLIC_SCHEME": "https", "STORE_PLATFORM_TLS_ISSUER": "letsencrypt", "STORE_PLATFORM_INGRESS_CLASS": "traefik",
    "STORE_PLATFORM_STORAGE_CLASS": "fast", "STORE_PLATFORM_BASE_DOMAIN": "shops.example.com",
}

# What checkov asks for and is not done, and why.
WAIVED = {
    "CKV_K8S_15": "images are pinned by version and pulled once: with Always every start of a pod would need the registry",
    "CKV_K8S_35": "the images of WordPress, MariaDB, PostgreSQL and Medusa read their passwords from the environment",
    "CKV_K8S_40": "33, 999 and 1000 are the users that those images were made for; their files are theirs",
    "CKV_K8S_43": "a tag is a version of the shop; a digest is taken as well, by STORE_PLATFORM_IMAGE_<NAME>",
}


def run(*words, **environment):
    return subprocess.run([BINARIES / "store-platform", "manifests", *words], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True)


def manifests(engine, plan, **environment):
    done = run(engine, plan, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["items"]


def named(objects, kind, name):
    return next(item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name)


@pytest.mark.parametrize("version", [".".join(map(str, version)) for version in NEWEST])
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("engine", ENGINES)
def test_kubernetes_accepts_every_object(engine, plan, version):
    for environment in ({}, PRIVATE):
        for thing in manifests(engine, plan, **environment):
            kubernetes_validate.validate(thing, version, strict=True)


def test_the_validator_refuses_a_mistyped_field():
    thing = named(manifests("woocommerce", "small"), "Deployment", "wordpress")
    thing["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(thing, "1.36", strict=True)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("engine", ENGINES)
def test_checkov_finds_nothing_but_what_is_waived(engine, plan, tmp_path):
    file = tmp_path / "store.yaml"
    file.write_text(yaml.safe_dump_all(manifests(engine, plan)))
    done = subprocess.run([os.environ["CHECKOV"], "-f", file, "--framework", "kubernetes", "--skip-download", "-o", "json"], capture_output=True, text=True)
    results = json.loads(done.stdout)["results"]
    assert len(results["passed_checks"]) > 200
    found = {check["check_id"] for check in results["failed_checks"]}
    assert found == set(WAIVED), "a finding that is not explained, or an explanation that is not needed any more"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_store_of_every_plan_becomes_ready(engine):
    """Admitted as restricted, within its quota and its limits, one after the other and with a rollout's extra pod."""
    with Platform(pod_delay=50) as platform:
        for plan in PLANS:
            made = platform.session.post(f"{platform.url}/api/v1/stores", json={"name": f"Plan {plan}", "engine": engine, "plan": plan}, timeout=10)
            store = platform.wait_for_phase(made.json()["id"], "ready")
            quota = platform.cluster(f"/api/v1/namespaces/store-{store['id']}/resourcequotas/store").json()["status"]
            assert int(quota["used"]["pods"]) < int(quota["hard"]["pods"])
            events = platform.cluster(f"/api/v1/namespaces/store-{store['id']}/events").json()["items"]
            assert [event["message"] for event in events if event["reason"] in ("FailedCreate", "FailedScheduling")] == []


def test_fifty_stores_at_once_all_become_ready():
    with Platform(pod_delay=20, lease=30) as platform:
        ids = [platform.session.post(f"{platform.url}/api/v1/stores", json={"name": f"Crowd {number}", "engine": ENGINES[number % 2]}, timeout=10).json()["id"]
               for number in range(50)]
        for store_id in ids:
            platform.wait_for_phase(store_id, "ready", 120)
        assert platform.postgres.query("SELECT count(*) FROM store_events WHERE reason IN ('quota_exceeded', 'refused', 'pod_security')") == [["0"]]


class TestPlatformConfiguration:
    def test_a_store_is_served_over_tls_by_an_issuer(self):
        ingress = named(manifests("woocommerce", "small", **PRIVATE), "Ingress", "shop")
        assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
        assert ingress["spec"]["tls"] == [{"hosts": ["sample.shops.example.com"], "secretName": "shop-tls"}]
        assert ingress["spec"]["ingressClassName"] == "traefik"

    def test_or_with_the_controllers_own_certificate(self):
        ingress = named(manifests("medusa", "small", STORE_PLATFORM_PUBLIC_SCHEME="https", STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE="on"), "Ingress", "shop")
        assert ingress["spec"]["tls"] == [{"hosts": ["sample.127.0.0.1.nip.io"]}]

    def test_no_annotation_is_one_controllers_alone(self):
        for engine in ENGINES:
            annotations = named(manifests(engine, "small"), "Ingress", "shop")["metadata"]["annotations"]
            assert all(name.startswith("store-platform/") for name in annotations)

    def test_tls_needs_https(self):
        done = run("woocommerce", STORE_PLATFORM_TLS_ISSUER="letsencrypt")
        assert done.returncode == 78 and "STORE_PLATFORM_PUBLIC_SCHEME" in done.stderr

    def test_the_registrys_credentials_reach_every_pod_and_are_not_printed(self, tmp_path):
        file = tmp_path / "config.json"
        file.write_text('{"auths": {"registry.example.com": {"auth": "aHVudGVyMg=="}}}')
        done = run("woocommerce", STORE_PLATFORM_REGISTRY_CONFIG=str(file))
        objects = json.loads(done.stdout)["items"]
        assert named(objects, "ServiceAccount", "store")["imagePullSecrets"] == [{"name": "registry"}]
        assert named(objects, "Secret", "registry")["type"] == "kubernetes.io/dockerconfigjson"
        assert "aHVudGVyMg" not in done.stdout and "YUhWdWRHVnlN" not in done.stdout

    @pytest.mark.parametrize("environment, complaint", [
        ({"STORE_PLATFORM_IMAGE_PREFIXES": "registry.example.com/"}, "begins with none of"),
        ({"STORE_PLATFORM_IMAGE_WOOCOMMERCE": "shop; rm -rf /"}, "must be the name of an image"),
        ({"STORE_PLATFORM_REGISTRY_CONFIG": "/nowhere"}, "cannot be read"),
        ({"STORE_PLATFORM_TLS_ISSUER": "Not A Name", "STORE_PLATFORM_PUBLIC_SCHEME": "https"}, "ClusterIssuer"),
    ])
    def test_what_cannot_be_meant_is_refused(self, environment, complaint):
        done = run("woocommerce", **environment)
        assert done.returncode == 78 and complaint in done.stderr

    def test_images_of_an_allowed_registry_are_taken(self):
        names = {f"STORE_PLATFORM_IMAGE_{name}": f"registry.example.com/{name.lower()}:1" for name in
                 ("WOOCOMMERCE", "MARIADB", "MEDUSA", "MEDUSA_STOREFRONT", "POSTGRES", "REDIS")}
        objects = manifests("medusa", "medium", STORE_PLATFORM_IMAGE_PREFIXES="registry.example.com/", **names)
        images = {container["image"] for item in objects for container in item.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])}
        assert images == {f"registry.example.com/{name}:1" for name in ("medusa", "medusa_storefront", "postgres", "redis")}

    def test_an_unknown_engine_is_told_the_known_ones(self):
        done = run("magento")
        assert done.returncode == 64 and "woocommerce" in done.stderr and "large" in done.stderr
