"""The chart: linted, rendered with every kind of values, and each document held to Kubernetes' own schemas."""

import base64
import pathlib

import helm_python
import kubernetes_validate
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "store-platform"
VERSIONS = ["1.35", "1.36", "1.37"]


def values(name):
    return yaml.safe_load((CHART / name).read_text()) or {}


MATRIX = {
    "default": {},
    "local": values("values-local.yaml"),
    "prod": values("values-prod.yaml"),
    "external database": {"postgresql": {"bundled": False}, "externalDatabase": {"existingSecret": "database"}},
    "own token": {"adminToken": {"existingSecret": "mine"}},
    "no ingress": {"ingress": {"enabled": False}},
    "own images": {"engineImages": {"WOOCOMMERCE": "registry.example/woo:1"}, "image": {"tag": "7"}},
}


def render(overrides):
    with helm_python.Chart.load(str(CHART)) as chart:
        rendered = chart.render(overrides, name="platform", namespace="store-platform")
    text = "\n---\n".join(text for name, text in rendered.items() if name.endswith(".yaml"))
    return [document for document in yaml.safe_load_all(text) if isinstance(document, dict)]


def named(documents, kind, name=None):
    found = [document for document in documents if document["kind"] == kind and name in (None, document["metadata"]["name"])]
    assert found, f"no {kind} {name or ''}"
    return found[0]


def pod_templates(documents):
    return [(document, document["spec"]["template"]) for document in documents if document["kind"] in ("Deployment", "StatefulSet")]


@pytest.mark.parametrize("name", ["values.yaml", "values-local.yaml", "values-prod.yaml"])
def test_the_chart_has_no_lint(name):
    found = helm_python.lint(str(CHART), values=values(name), strict=True, kube_version="v1.34.0")
    assert not found.get("errors"), found
    assert [message for message in found.get("messages", []) if message.get("severity", 0) >= 2] == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overrides", MATRIX.values(), ids=MATRIX.keys())
def test_every_document_is_valid(overrides, version):
    documents = render(overrides)
    assert len(documents) >= 10
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("overrides", MATRIX.values(), ids=MATRIX.keys())
def test_every_pod_is_restricted_limited_and_watched(overrides):
    for document, template in pod_templates(render(overrides)):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert document["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        for container in spec["containers"] + spec.get("initContainers", []):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] and security["capabilities"]["drop"] == ["ALL"]
            assert set(container["resources"]) == {"requests", "limits"}
        for container in spec["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
            assert "readyz" not in str(container["livenessProbe"])


@pytest.mark.parametrize("overrides", MATRIX.values(), ids=MATRIX.keys())
def test_what_is_named_is_there(overrides):
    documents = render(overrides)
    names = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document in documents:
        if document["kind"] == "Service":
            assert any(document["spec"]["selector"].items() <= template["metadata"]["labels"].items() for _, template in pod_templates(documents))
        if document["kind"] == "ClusterRoleBinding":
            assert ("ClusterRole", document["roleRef"]["name"]) in names
            assert ("ServiceAccount", document["subjects"][0]["name"]) in names
    for _, template in pod_templates(documents):
        account = template["spec"].get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in names


def test_a_role_allows_what_the_gateway_calls_and_nothing_else():
    rules = named(render({}), "ClusterRole", "platform-store-platform-worker")["rules"]
    allowed = {(group, resource): set(rule["verbs"]) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]}
    write = {"list", "create", "patch"}
    assert allowed == {
        ("", "namespaces"): {"get", "list", "watch", "create", "patch", "delete"},
        **{("", resource): write for resource in ("serviceaccounts", "limitranges", "resourcequotas", "configmaps", "services")},
        ("", "persistentvolumeclaims"): write | {"watch", "deletecollection"},
        ("", "secrets"): {"list", "create"},
        ("", "pods"): {"list", "watch", "deletecollection"},
        ("", "events"): {"list"},
        ("apps", "deployments"): write | {"watch"}, ("apps", "statefulsets"): write | {"watch"},
        ("batch", "jobs"): write | {"watch", "delete"}, ("batch", "cronjobs"): write,
        ("networking.k8s.io", "ingresses"): write, ("networking.k8s.io", "networkpolicies"): write,
        ("storage.k8s.io", "storageclasses"): {"list"},
    }
    for rule in named(render({}), "ClusterRole", "platform-store-platform-api")["rules"]:
        assert set(rule["verbs"]) <= {"get", "list"}


def test_secrets_are_only_in_secrets():
    documents = render({})
    for document in documents:
        if document["kind"] != "Secret":
            continue
        for encoded in document["data"].values():
            secret = base64.b64decode(encoded).decode()
            assert all(secret not in str(other) for other in documents if other["kind"] != "Secret")


def test_another_configuration_is_another_pod():
    def checksum(overrides):
        template = named(render(overrides), "Deployment", "platform-api")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/configuration"]
    assert checksum({}) == checksum({})
    assert checksum({}) != checksum({"baseDomain": "shops.example.org"})


@pytest.mark.parametrize("wrong", [{"baseDomian": "x"}, {"publicScheme": "ftp"}, {"api": {"replicas": 0}}, {"engineImages": {"SHOPIFY": "x"}},
                                   {"postgresql": {"bundled": False}}])
def test_values_that_cannot_be_are_refused(wrong):
    with pytest.raises(Exception):
        render(wrong)
