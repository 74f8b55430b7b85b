"""The chart, rendered: every installation that the tests look at, as parsed objects."""

from functools import cache
from pathlib import Path

import helm_python as helm
import yaml

PROJECT = Path(__file__).resolve().parents[2]
CHART = PROJECT / "helm" / "store-platform"
RELEASE = "store-platform"
NAMESPACE = "platform"


def values_file(name):
    return yaml.safe_load((CHART / name).read_text())


def merged(*layers):
    """Later layers win, key by key, as with several `-f`."""
    result = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


# All that the defaults do not give.
MINIMAL = {"platform": {"baseDomain": "shops.test"}}
# As an installation knows it that was made before there were roles.
EXTERNAL = {"postgresql": {"enabled": False}, "externalDatabase": {"existingSecret": "their-database"}}

INSTALLATIONS = {
    "default": MINIMAL,
    "local": values_file("values-local.yaml"),
    "prod": values_file("values-prod.yaml"),
    "external database": merged(
        values_file("values-prod.yaml"),
        EXTERNAL,
        {"externalDatabase": {"caConfigMap": "their-authority", "cidrs": ["192.0.2.7/32"], "port": 6432}},
    ),
    "audit jobs": merged(values_file("values-prod.yaml"), {"audit": {"retention": 13}}),
    "existing secrets": merged(
        MINIMAL, {"adminToken": {"existingSecret": "my-token"}, "postgresql": {"existingSecret": "my-database"}}
    ),
    "existing secrets of every role": merged(
        MINIMAL,
        {
            "postgresql": {"existingSecret": "my-database", "applicationSecret": "my-application", "auditorSecret": "my-auditor"},
            "audit": {"retention": 12, "verification": {"enabled": True}},
        },
    ),
    "external database of the owner": merged(MINIMAL, EXTERNAL, {"audit": {"retention": 12, "verification": {"enabled": True}}}),
    "sign-in by a proxy": merged(
        MINIMAL,
        {
            "ingress": {"enabled": False},
            "networkPolicy": {"proxies": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "oauth2-proxy"}}}]},
            "access": {
                "proxy": {
                    "trustedAddresses": ["10.42.0.0/16", "fd00:42::/56"],
                    "roles": [
                        {"group": "shop admins", "role": "admin"},
                        {"group": "/shops", "role": "merchant", "account": "blue-teapots"},
                    ],
                }
            },
        },
    ),
    "ingress off": merged(MINIMAL, {"ingress": {"enabled": False}}),
    "role all": merged(MINIMAL, {"mode": "all"}),
    "role split": merged(MINIMAL, {"mode": "split", "api": {"replicas": 3}, "worker": {"replicas": 3}}),
    "everything set": merged(
        MINIMAL,
        {
            "fullnameOverride": "shops",
            "image": {"digest": "sha256:" + "0" * 64},
            "imagePullSecrets": [{"name": "registry"}],
            "platform": {
                "publicPort": 8443,
                "installId": "mine",
                "concurrency": 8,
                "provisionTimeout": 900,
                "unknownNamespaces": "report",
                "maxStores": 0,
                "checkRoom": False,
                "lease": 60,
                "clusterCallsPerSecond": 200,
                "drainPause": 0,
            },
            "access": {
                "sessionLifetime": 3600,
                "limits": {"requests": "600/60", "address": "0", "orders": "10/3600", "signInFailures": "5/60", "refusalRecords": "30/60", "streams": "8"},
                "proxy": {
                    "trustedAddresses": ["10.0.0.0/8", "127.0.0.1"],
                    "roles": [{"group": "admins", "role": "admin"}, {"group": "shops", "role": "merchant", "account": "blue-teapots"}],
                },
            },
            "audit": {
                "retention": 6,
                "archiveSchedule": "0 1 2 * *",
                "verification": {"enabled": True, "schedule": "0 * * * *"},
                "storage": {"size": "1Gi", "storageClass": "slow"},
            },
            "stores": {
                "ingressClass": "traefik",
                "storageClass": "fast",
                "tlsIssuer": "letsencrypt",
                "defaultCertificate": True,
                "imagePrefixes": ["mariadb:", "registry.test/"],
                "registrySecret": "engines-registry",
                "images": {
                    "woocommerce": "registry.test/woocommerce:1",
                    "mariadb": "mariadb:11.8.2",
                    "medusa": "registry.test/medusa:2",
                    "medusaStorefront": "registry.test/storefront:2",
                    "postgres": "registry.test/postgres:17",
                    "redis": "registry.test/redis:8",
                },
            },
            "api": {"podAnnotations": {"prometheus.io/scrape": "true"}},
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "platform", "operator": "Exists"}],
            "ingress": {"annotations": {"a.test/b": "c"}, "tls": {"enabled": True}},
            "networkPolicy": {
                "apiServer": {"cidrs": ["192.0.2.1/32"]},
                "scrapers": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
                "proxies": [{"podSelector": {"matchLabels": {"app": "proxy"}}}],
            },
        },
    ),
}


def objects_in(manifests):
    """The Kubernetes objects in what Helm rendered, which maps a template's path to its text."""
    return [
        document
        for path, text in manifests.items()
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]


def manifests(values, **release):
    with helm.Chart.load(CHART) as chart:
        return chart.render(values, **({"name": RELEASE, "namespace": NAMESPACE} | release))


def render(values, **release):
    return objects_in(manifests(values, **release))


@cache
def installation(name):
    """One of INSTALLATIONS; shared by all tests, so not to be changed."""
    return render(INSTALLATIONS[name])


def of_kind(objects, *kinds):
    return [item for item in objects if item["kind"] in kinds]


def named(objects, kind, name):
    (found,) = [item for item in of_kind(objects, kind) if item["metadata"]["name"] == name]
    return found


def workloads(objects):
    return of_kind(objects, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")


def pod_template(workload):
    return workload["spec"].get("jobTemplate", workload)["spec"]["template"]


def containers(workload):
    pod = pod_template(workload)["spec"]
    return pod.get("initContainers", []) + pod["containers"]


def container_named(workload, name):
    (found,) = [container for container in containers(workload) if container["name"] == name]
    return found


def variables(container):
    """Name → the value, or the (Secret, key) that it comes from."""
    return {
        variable["name"]: variable.get("value") or tuple(variable["valueFrom"]["secretKeyRef"][part] for part in ("name", "key"))
        for variable in container.get("env", [])
    }


def selects(selector, labels):
    """Whether matchLabels find these labels. An empty selector would find everything, which the chart never means."""
    assert selector, "an empty selector"
    return selector.items() <= labels.items()
