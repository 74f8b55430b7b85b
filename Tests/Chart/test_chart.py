"""The chart as a whole: it lints, it renders what Kubernetes accepts, and its values say what they mean."""

import copy
import json
from functools import cache

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from rendering import CHART, EXTERNAL, INSTALLATIONS, MINIMAL, installation, manifests, merged, render, values_file

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
    for item in render(MINIMAL, name=release):
        if item["kind"] not in ("ClusterRole", "ClusterRoleBinding"):
            name = item["metadata"]["name"]
            assert len(name) <= 57 and name.replace("-", "").isalnum() and name == name.lower(), name


def test_defaults_alone_are_refused_for_want_of_a_domain():
    with pytest.raises(helm.HelmValuesError, match="baseDomain"):
        render({})


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
    assert "get secret my-token" in manifests(INSTALLATIONS["existing secrets"])["store-platform/templates/NOTES.txt"]


def test_the_values_files_are_read_as_the_same_by_helm_and_by_these_tests():
    for name in ("values.yaml", "values-local.yaml", "values-prod.yaml"):
        text = (CHART / name).read_text()
        assert helm.values_from_yaml(text) == yaml.safe_load(text)
