"""The chart as a whole: it lints, it renders what Kubernetes accepts, and its values say what they mean."""

import copy
import json
import re
from functools import cache

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from rendering import CHART, EXTERNAL, INSTALLATIONS, MINIMAL, PROJECT, installation, manifests, merged, render, values_file

# The oldest release that Chart.yaml allows, one from between, and the newest that the validator knows.
KUBERNETES = ["1.30", "1.33", "1.37"]


@pytest.mark.parametrize("name", ["values-local.yaml", "values-prod.yaml"])
@pytest.mark.parametrize("version", KUBERNETES)
def test_lint_finds_nothing(name, version):
    report = helm.lint(CHART, values_file(name), strict=True, kube_version=f"v{version}.0")
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] >= 2] == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", INSTALLATIONS)
def test_kubernetes_accepts_every_object(name, version):
    for item in installation(name):
        accept(json.dumps(item, sort_keys=True), version)


@cache
def accept(text, version):
    """Most objects are the same in most installations: each is looked at once."""
    kubernetes_validate.validate(json.loads(text), version, strict=True)


def test_the_validator_refuses_an_unknown_field():
    service = copy.deepcopy(next(item for item in installation("default") if item["kind"] == "Service"))
    service["spec"]["selectors"] = service["spec"].pop("selector")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, KUBERNETES[0], strict=True)


def test_every_object_is_named_once(objects):
    identities = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects]
    assert sorted(identities) == sorted(set(identities))


def test_objects_lie_in_the_namespace_of_the_release(objects):
    for item in objects:
        expected = None if item["kind"] in ("ClusterRole", "ClusterRoleBinding") else "platform"
        assert item["metadata"].get("namespace") == expected


def test_two_releases_share_no_object_of_the_cluster():
    def shared_by_all(**release):
        return {
            (item["kind"], item["metadata"]["name"])
            for item in render(MINIMAL, **release)
            if "namespace" not in item["metadata"]
        }

    assert not shared_by_all(name="shops", namespace="one") & shared_by_all(name="shops", namespace="two")
    assert not shared_by_all(name="shops", namespace="one") & shared_by_all(name="more-shops", namespace="one")


@pytest.mark.parametrize("release", ["r", "a" * 53, "shop.example"])
def test_names_of_objects_are_dns_labels(release):
    with_jobs = merged(MINIMAL, {"audit": {"retention": 12, "verification": {"enabled": True}}})
    for item in render(with_jobs, name=release):
        if item["kind"] not in ("ClusterRole", "ClusterRoleBinding"):
            name = item["metadata"]["name"]
            # A CronJob's gets the time of each run behind it.
            assert len(name) <= (52 if item["kind"] == "CronJob" else 57) and name.replace("-", "").isalnum() and name == name.lower(), name


def test_defaults_alone_are_refused_for_want_of_a_domain():
    with pytest.raises(helm.HelmValuesError, match="baseDomain"):
        render({})


def proxy_role(**role):
    return {"access": {"proxy": {"trustedAddresses": ["127.0.0.1"], "roles": [role]}}}


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"platform": {"baseDomian": "x.test"}}, "baseDomian"),
        ({"ingres": {"enabled": False}}, "ingres"),
        ({"api": {"replica": 2}}, "replica"),
        ({"stores": {"images": {"mariaDB": "mariadb:11"}}}, "mariaDB"),
        ({"postgresql": {"storage": {"sizes": "1Gi"}}}, "sizes"),
        ({"mode": "both"}, "mode"),
        ({"api": {"replicas": 0}}, "replicas"),
        ({"api": {"replicas": "2"}}, "replicas"),
        ({"platform": {"baseDomain": "https://shops.test"}}, "baseDomain"),
        ({"platform": {"publicScheme": "ftp"}}, "publicScheme"),
        ({"platform": {"publicPort": 70000}}, "publicPort"),
        ({"platform": {"installId": "Not_A_Label"}}, "installId"),
        ({"image": {"digest": "sha256:short"}}, "digest"),
        ({"worker": {"resources": {"limits": {"memory": "lots"}}}}, "memory"),
        ({"networkPolicy": {"ingressController": {"namespaceLabels": {"store-platform/ingress": None}}}}, "namespaceLabels"),
        ({"networkPolicy": {"apiServer": {"ports": []}}}, "ports"),
        ({"postgresql": {"image": {"tag": ""}}}, "tag"),
        (merged(EXTERNAL, {"externalDatabase": {"existingSecret": ""}}), "existingSecret"),
        ({"platform": {"maxStores": -1}}, "maxStores"),
        ({"platform": {"checkRoom": "off"}}, "checkRoom"),
        ({"platform": {"concurrency": 257}}, "concurrency"),
        ({"platform": {"provisionTimeout": 86_401}}, "provisionTimeout"),
        ({"platform": {"drainPause": 61}}, "drainPause"),
        ({"access": {"limits": {"orders": "60"}}}, "orders"),
        ({"access": {"limits": {"logins": "1/1"}}}, "logins"),
        ({"access": {"sessionLifetime": 0}}, "sessionLifetime"),
        ({"access": {"proxy": {"trustedAddresses": ["proxy.test"]}}}, "trustedAddresses"),
        ({"access": {"proxy": {"roles": [{"group": "a", "role": "admin"}]}}}, "trustedAddresses"),
        (proxy_role(group="a", role="owner"), "role"),
        (proxy_role(group="a=admin,b", role="viewer"), "group"),
        (proxy_role(role="viewer"), "group"),
        (proxy_role(group="a", role="viewer", account="Blue"), "account"),
        ({"audit": {"retention": 0}}, "retention"),
        ({"audit": {"archiveSchedule": "daily"}}, "archiveSchedule"),
        ({"audit": {"storage": {"size": "much"}}}, "size"),
        ({"postgresql": {"existingSecret": "mine", "applicationSecret": "mine-too"}}, "auditorSecret"),
        ({"postgresql": {"existingSecret": "mine", "auditorSecret": "mine-too"}}, "applicationSecret"),
    ],
)
def test_the_schema_refuses(values, complaint):
    with pytest.raises(helm.HelmValuesError, match=complaint):
        render(merged(MINIMAL, values))


def test_the_schema_knows_every_value_and_values_yaml_shows_every_one():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def properties(node):
        node = dict(node)
        if "$ref" in node:
            node = schema["definitions"][node["$ref"].removeprefix("#/definitions/")]
        for part in node.get("allOf", []):
            node = {**node, "properties": {**properties(part), **node.get("properties", {})}}
        return node.get("properties", {})

    def paths(node, prefix=""):
        for key, child in properties(node).items():
            yield prefix + key
            yield from paths(child, f"{prefix}{key}.")

    def shown(values, prefix=""):
        for key, value in values.items():
            yield prefix + key
            if isinstance(value, dict):
                yield from shown(value, f"{prefix}{key}.")

    free = ("networkPolicy.ingressController.namespaceLabels.", "postgresql.parameters.")
    defaults = {path for path in shown(values_file("values.yaml")) if not path.startswith(free)}
    assert defaults == set(paths(schema)) - {"global"}


def test_every_value_is_explained():
    lines = (CHART / "values.yaml").read_text().splitlines()
    images = values_file("values.yaml")["stores"]["images"]
    unexplained = []
    for above, line in zip(lines, lines[1:]):
        stripped = line.strip()
        is_leaf = stripped and not stripped.startswith("#") and not stripped.endswith(":")
        inside_example = stripped.startswith(("store-platform/ingress", "max_connections", "shared_buffers"))
        # The images of the engines are explained together.
        together = stripped.endswith(': ""') and stripped[:-4] in images
        if is_leaf and not above.strip().startswith("#") and not inside_example and not together:
            unexplained.append(stripped)
    assert unexplained == []


def test_notes_say_where_token_and_dashboard_are():
    notes = manifests(INSTALLATIONS["local"])["store-platform/templates/NOTES.txt"]
    assert "get secret store-platform-admin" in notes
    assert "http://dashboard.127.0.0.1.nip.io:8080/" in notes
    assert "port-forward" in manifests(INSTALLATIONS["ingress off"])["store-platform/templates/NOTES.txt"]
    assert "get secret store-platform-auditor" in notes and "port-forward pod/store-platform-postgresql-0 5432" in notes
    assert "connects to its database as the owner" in manifests(INSTALLATIONS["existing secrets"])["store-platform/templates/NOTES.txt"]
    assert "connect as store_platform_auditor" in manifests(INSTALLATIONS["external database"])["store-platform/templates/NOTES.txt"]
    assert "limits no address" in notes and "limits no address" not in manifests(INSTALLATIONS["everything set"])["store-platform/templates/NOTES.txt"]
    assert "get secret my-token" in manifests(INSTALLATIONS["existing secrets"])["store-platform/templates/NOTES.txt"]


def test_the_values_files_are_read_as_the_same_by_helm_and_by_these_tests():
    for name in ("values.yaml", "values-local.yaml", "values-prod.yaml"):
        text = (CHART / name).read_text()
        assert helm.values_from_yaml(text) == yaml.safe_load(text)


def test_every_example_of_the_page_renders():
    examples = re.findall(r"^( *)```yaml\n(.*?)^ *```", (PROJECT / "docs/deployment.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(examples) == 3
    for _, example in examples:
        assert render(merged(values_file("values-prod.yaml"), yaml.safe_load(example)))
