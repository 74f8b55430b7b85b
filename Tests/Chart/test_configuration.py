"""What the service is told, by ConfigMap and by Secret, and that an upgrade keeps what was generated."""

import base64
import re
import subprocess
from urllib.parse import urlsplit

import pytest

from cluster import cluster, render_in
from platform_under_test import BINARIES, write_kubeconfig
from rendering import (
    EXTERNAL, INSTALLATIONS, MINIMAL, PROJECT, container_named, containers, installation, merged, named, of_kind, render, variables, workloads,
)

SOURCES = PROJECT / "Sources"
# What the service reads and the chart leaves alone, and why.
LEFT_OUT = {
    "KUBECONFIG": "in a pod the service account leads to the cluster",
    "STORE_PLATFORM_LIMIT_CONNECTIONS": "lifted where the ingress is not known as a proxy, and else as the service has it",
    "STORE_PLATFORM_WEB_ROOT": "the image says where its dashboard is",
    "STORE_PLATFORM_MIGRATIONS": "the image says where its migrations are",
}


def settings():
    """Every variable that the service's source reads."""
    configuration = (SOURCES / "store-platform/Configuration.swift").read_text()
    audit = (SOURCES / "store-platform/AuditCommand.swift").read_text()
    images = re.findall(r'case \w+ = "([A-Z_]+)"', (SOURCES / "Engines/PlatformConfiguration.swift").read_text())
    names = re.findall(r'reader\.\w+\(\s*"(\w+)"', configuration) + re.findall(r'environment\["(\w+)"\]', audit)
    # The one name that is no literal is that of an image.
    assert re.findall(r"reader\.(?!complain)\w+\(\s*([^\s\"),]+)", configuration) == ["variable"]
    return set(names) | {f"STORE_PLATFORM_IMAGE_{image}" for image in images}


SETTINGS = settings()


def environment(objects, name="store-platform"):
    return named(objects, "ConfigMap", name)["data"]


def checksums(objects):
    return {
        deployment["metadata"]["name"]: deployment["spec"]["template"]["metadata"]["annotations"]["checksum/environment"]
        for deployment in of_kind(objects, "Deployment")
    }


def secret_values(objects):
    return {
        (secret["metadata"]["name"], key): base64.b64decode(value, validate=True).decode()
        for secret in of_kind(objects, "Secret")
        for key, value in secret["data"].items()
    }


def test_unset_values_are_left_to_the_service():
    values = environment(installation("default"))
    assert values.pop("STORE_PLATFORM_INSTALL_ID")
    assert values == {
        "STORE_PLATFORM_LISTEN": "0.0.0.0:8080",
        "STORE_PLATFORM_BASE_DOMAIN": "shops.test",
        "STORE_PLATFORM_PUBLIC_SCHEME": "https",
        "STORE_PLATFORM_LIMIT_CONNECTIONS": "0",
        "STORE_PLATFORM_LIMIT_ADDRESS": "0",
        "STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES": "0",
    }


def test_set_values_arrive_under_their_names():
    assert environment(installation("everything set"), "shops") == {
        "STORE_PLATFORM_LISTEN": "0.0.0.0:8080",
        "STORE_PLATFORM_BASE_DOMAIN": "shops.test",
        "STORE_PLATFORM_PUBLIC_SCHEME": "https",
        "STORE_PLATFORM_PUBLIC_PORT": "8443",
        "STORE_PLATFORM_INSTALL_ID": "mine",
        "STORE_PLATFORM_CONCURRENCY": "8",
        "STORE_PLATFORM_PROVISION_TIMEOUT": "900",
        "STORE_PLATFORM_INGRESS_CLASS": "traefik",
        "STORE_PLATFORM_STORAGE_CLASS": "fast",
        "STORE_PLATFORM_UNKNOWN_NAMESPACES": "report",
        "STORE_PLATFORM_MAX_STORES": "0",
        "STORE_PLATFORM_CHECK_ROOM": "off",
        "STORE_PLATFORM_LEASE": "60",
        "STORE_PLATFORM_CLUSTER_CALLS_PER_SECOND": "200",
        "STORE_PLATFORM_DRAIN_PAUSE": "0",
        "STORE_PLATFORM_LIMIT_REQUESTS": "600/60",
        "STORE_PLATFORM_LIMIT_ADDRESS": "0",
        "STORE_PLATFORM_LIMIT_ORDERS": "10/3600",
        "STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES": "5/60",
        "STORE_PLATFORM_LIMIT_REFUSAL_RECORDS": "30/60",
        "STORE_PLATFORM_LIMIT_STREAMS": "8",
        "STORE_PLATFORM_SESSION_LIFETIME": "3600",
        "STORE_PLATFORM_TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1",
        "STORE_PLATFORM_PROXY_ROLES": "admins=admin,shops=merchant:blue-teapots",
        "STORE_PLATFORM_TLS_ISSUER": "letsencrypt",
        "STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE": "on",
        "STORE_PLATFORM_IMAGE_PREFIXES": "mariadb:,registry.test/",
        "STORE_PLATFORM_REGISTRY_CONFIG": "/etc/store-platform/registry/.dockerconfigjson",
        "STORE_PLATFORM_IMAGE_WOOCOMMERCE": "registry.test/woocommerce:1",
        "STORE_PLATFORM_IMAGE_MARIADB": "mariadb:11.8.2",
        "STORE_PLATFORM_IMAGE_MEDUSA": "registry.test/medusa:2",
        "STORE_PLATFORM_IMAGE_MEDUSA_STOREFRONT": "registry.test/storefront:2",
        "STORE_PLATFORM_IMAGE_POSTGRES": "registry.test/postgres:17",
        "STORE_PLATFORM_IMAGE_REDIS": "registry.test/redis:8",
    }


def test_every_setting_of_the_service_can_be_set_or_is_left_out_on_purpose():
    objects = installation("everything set")
    told = set(environment(objects, "shops"))
    for workload in of_kind(objects, "Deployment", "CronJob"):
        for name in ("store-platform", "archive"):
            told |= {variable for found in containers(workload) if found["name"] == name for variable in variables(found)}
    assert told == SETTINGS - LEFT_OUT.keys()


def test_the_settings_are_found_in_the_source_and_described():
    described = (PROJECT / "docs/configuration.md").read_text()
    assert len(SETTINGS) > 35 and LEFT_OUT.keys() <= SETTINGS
    assert [name for name in SETTINGS if "_IMAGE_" not in name and f"`{name}`" not in described] == []


@pytest.mark.parametrize("limit", ["CONNECTIONS", "ADDRESS", "SIGN_IN_FAILURES"])
def test_addresses_are_limited_where_they_tell_people_apart(limit):
    for layer, is_limited in (({}, False), ({"access": {"proxy": {"trustedAddresses": ["10.244.0.0/16"]}}}, True), ({"ingress": {"enabled": False}}, True)):
        assert (f"STORE_PLATFORM_LIMIT_{limit}" not in environment(render(merged(MINIMAL, layer)))) == is_limited


def test_a_limit_of_addresses_that_is_given_counts_in_any_case():
    told = environment(render(merged(MINIMAL, {"access": {"limits": {"address": "9/60", "signInFailures": "5/60"}}})))
    assert (told["STORE_PLATFORM_LIMIT_ADDRESS"], told["STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES"]) == ("9/60", "5/60")


def test_a_large_number_is_written_as_digits():
    values = environment(render(merged(MINIMAL, {"access": {"sessionLifetime": 31_536_000}})))
    assert values["STORE_PLATFORM_SESSION_LIFETIME"] == "31536000"


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_service_takes_the_settings_as_they_are_written(name, tmp_path):
    objects = installation(name)
    (told,) = [item["data"] for item in of_kind(objects, "ConfigMap") if "STORE_PLATFORM_LISTEN" in item["data"]]
    kubeconfig, registry = tmp_path / "kubeconfig", tmp_path / "registry"
    write_kubeconfig(kubeconfig, "http://127.0.0.1:1")
    registry.write_text('{"auths": {}}')
    here = {"KUBECONFIG": str(kubeconfig), "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    if "STORE_PLATFORM_REGISTRY_CONFIG" in told:
        here["STORE_PLATFORM_REGISTRY_CONFIG"] = str(registry)
    checked = subprocess.run([BINARIES / "store-platform", "check"], env=told | here, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    read = dict(line.split("=", 1) for line in checked.stdout.splitlines())
    assert {key: read[key] for key in told} == told | {key: here[key] for key in here.keys() & told.keys()}


def test_the_service_is_told_nothing_it_does_not_read(objects):
    for deployment in of_kind(objects, "Deployment"):
        service = container_named(deployment, "store-platform")
        (source,) = service["envFrom"]
        assert environment(objects, source["configMapRef"]["name"]).keys() <= SETTINGS
        assert variables(service).keys() == {"STORE_PLATFORM_ROLE", "STORE_PLATFORM_ADMIN_TOKEN", "DATABASE_URL"}


def test_the_installation_is_known_by_an_id_of_its_own():
    def install_id(**release):
        return environment(render(merged(MINIMAL, {"fullnameOverride": "same"}), **release), "same")["STORE_PLATFORM_INSTALL_ID"]

    assert install_id() == install_id()
    assert len({install_id(), install_id(name="other"), install_id(namespace="other")}) == 3
    assert len({install_id(name="b-c", namespace="a"), install_id(name="c", namespace="a-b")}) == 2
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", install_id(name="a" * 53, namespace="b" * 63))


@pytest.mark.parametrize(
    "change",
    [
        {"platform": {"baseDomain": "other.test"}},
        {"platform": {"concurrency": 3}},
        {"stores": {"ingressClass": "nginx"}},
        {"stores": {"images": {"redis": "redis:8"}}},
        {"access": {"limits": {"orders": "1/60"}}},
        {"platform": {"maxStores": 0}},
    ],
)
def test_a_changed_setting_replaces_the_pods(change):
    before, after = checksums(installation("default")), checksums(render(merged(MINIMAL, change)))
    assert before.keys() == after.keys() and not before.items() & after.items()


@pytest.mark.parametrize("change", [{"api": {"replicas": 5}}, {"ingress": {"host": "other.test"}}, {}])
def test_what_is_no_setting_replaces_no_pod(change):
    assert checksums(render(merged(MINIMAL, change))) == checksums(installation("default"))


def test_secrets_come_by_reference_and_stand_nowhere_else(objects):
    values = set(secret_values(objects).values())
    values |= {value for secret in of_kind(objects, "Secret") for value in secret["data"].values()}
    rest = repr([item for item in objects if item["kind"] != "Secret"])
    assert not [value for value in values if value in rest]


def test_referenced_secrets_exist_or_are_the_ones_named():
    given = {
        "their-database", "store-platform-external-application", "store-platform-external-auditor", "my-token", "my-database",
        "my-application", "my-auditor",
    }
    for name in INSTALLATIONS:
        objects = installation(name)
        held = {(secret["metadata"]["name"], key) for secret in of_kind(objects, "Secret") for key in secret["data"]}
        references = [v for workload in workloads(objects) for c in containers(workload) for v in variables(c).values()]
        for reference in references:
            assert isinstance(reference, str) or reference in held or reference[0] in given


def test_named_secrets_are_used_and_none_is_made():
    objects = installation("existing secrets")
    assert of_kind(objects, "Secret") == []
    api = named(objects, "Deployment", "store-platform-api")
    service = variables(container_named(api, "store-platform"))
    assert service["STORE_PLATFORM_ADMIN_TOKEN"] == ("my-token", "token")
    assert service["DATABASE_URL"] == ("my-database", "url")


def test_an_external_database_is_reached_by_its_secret_and_checked_by_its_authority():
    api = named(installation("external database"), "Deployment", "store-platform-api")
    for name, secret in (("migrate", "their-database"), ("store-platform", "store-platform-external-application")):
        found = container_named(api, name)
        assert variables(found)["DATABASE_URL"] == (secret, "url")
        assert {"name": "database-authority", "mountPath": "/etc/store-platform/database", "readOnly": True} in found["volumeMounts"]


def test_generated_secrets_are_long_and_all_different():
    first, second = secret_values(render(MINIMAL)), secret_values(render(MINIMAL))
    passwords = [first[key] for key in first if key[1] != "url"]
    assert len(set(passwords)) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", password) for password in passwords)
    assert not first.items() & second.items()


@pytest.mark.parametrize(
    "secret, user",
    [
        ("store-platform-postgresql", "store_platform"),
        ("store-platform-application", "store_platform_application"),
        ("store-platform-auditor", "store_platform_auditor"),
    ],
)
def test_the_url_leads_to_the_bundled_database_with_its_password(secret, user):
    objects = installation("default")
    values = secret_values(objects)
    url = urlsplit(values[secret, "url"])
    assert (url.scheme, url.username, url.path, url.port) == ("postgresql", user, "/store_platform", 5432)
    assert url.password == values[secret, "password"]
    service = named(objects, "Service", url.hostname)
    assert service["spec"]["ports"][0]["port"] == url.port


def test_an_upgrade_keeps_the_generated_secrets(tmp_path):
    installed = render(MINIMAL, is_install=True)
    with cluster(of_kind(installed, "Secret")) as address:
        upgraded = render_in(address, merged(MINIMAL, {"platform": {"concurrency": 2}}), tmp_path)
    assert secret_values(upgraded) == secret_values(installed)
    assert checksums(upgraded) != checksums(installed)


def test_a_secret_of_another_namespace_is_not_taken_for_ours(tmp_path):
    installed = render(MINIMAL, namespace="elsewhere")
    with cluster(of_kind(installed, "Secret")) as address:
        here = render_in(address, MINIMAL, tmp_path)
    assert not secret_values(here).items() & secret_values(installed).items()


def test_a_missing_key_is_made_and_the_others_are_kept(tmp_path):
    secrets = of_kind(render(MINIMAL), "Secret")
    kept = secret_values(secrets)
    lost = ("store-platform-postgresql", "superuser-password")
    del named(secrets, "Secret", lost[0])["data"][lost[1]]
    with cluster(secrets) as address:
        upgraded = secret_values(render_in(address, MINIMAL, tmp_path))
    assert {key for key in kept if upgraded[key] != kept[key]} == {lost}
    assert re.fullmatch(r"[A-Za-z0-9]{40}", upgraded[lost])


def test_a_password_that_was_changed_in_the_cluster_reaches_the_url(tmp_path):
    secrets = of_kind(render(MINIMAL), "Secret")
    named(secrets, "Secret", "store-platform-postgresql")["data"]["password"] = base64.b64encode(b"rotated").decode()
    with cluster(secrets) as address:
        upgraded = secret_values(render_in(address, MINIMAL, tmp_path))
    assert upgraded["store-platform-postgresql", "password"] == "rotated"
    assert urlsplit(upgraded["store-platform-postgresql", "url"]).password == "rotated"


def test_the_passwords_stay_with_the_volume_when_the_release_goes():
    database = named(installation("default"), "Secret", "store-platform-postgresql")
    assert database["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert of_kind(render(merged(MINIMAL, EXTERNAL)), "Secret")[0]["metadata"]["name"] == "store-platform-admin"
