"""What the service is told, by ConfigMap and by Secret, and that an upgrade keeps what was generated."""

import base64
import re
from urllib.parse import urlsplit

import pytest

from cluster import cluster, render_in
from rendering import EXTERNAL, INSTALLATIONS, MINIMAL, containers, installation, merged, named, of_kind, render

# As in the service's own description of its configuration.
SETTINGS = {
    "STORE_PLATFORM_LISTEN", "STORE_PLATFORM_BASE_DOMAIN", "STORE_PLATFORM_PUBLIC_SCHEME", "STORE_PLATFORM_PUBLIC_PORT",
    "STORE_PLATFORM_INGRESS_CLASS", "STORE_PLATFORM_STORAGE_CLASS", "STORE_PLATFORM_INSTALL_ID", "STORE_PLATFORM_CONCURRENCY",
    "STORE_PLATFORM_PROVISION_TIMEOUT", "STORE_PLATFORM_IMAGE_WOOCOMMERCE", "STORE_PLATFORM_IMAGE_MARIADB",
    "STORE_PLATFORM_IMAGE_MEDUSA", "STORE_PLATFORM_IMAGE_MEDUSA_STOREFRONT", "STORE_PLATFORM_IMAGE_POSTGRES",
    "STORE_PLATFORM_IMAGE_REDIS", "STORE_PLATFORM_UNKNOWN_NAMESPACES", "STORE_PLATFORM_TLS_ISSUER", "STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE",
    "STORE_PLATFORM_IMAGE_PREFIXES", "STORE_PLATFORM_REGISTRY_CONFIG", "STORE_PLATFORM_TRUSTED_PROXIES", "STORE_PLATFORM_LIMIT_CONNECTIONS",
}


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
        "STORE_PLATFORM_TRUSTED_PROXIES": "10.244.0.0/16,fd00::/8",
        "STORE_PLATFORM_TLS_ISSUER": "letsencrypt",
        "STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE": "on",
        "STORE_PLATFORM_IMAGE_PREFIXES": "mariadb:,registry.test/",
        "STORE_PLATFORM_REGISTRY_CONFIG": "/etc/store-platform/registry/.dockerconfigjson",
        "STORE_PLATFORM_IMAGE_MARIADB": "mariadb:11.8.2",
        "STORE_PLATFORM_IMAGE_MEDUSA_STOREFRONT": "registry.test/storefront:2",
    }


def test_every_image_has_the_name_that_the_service_reads():
    names = ("woocommerce", "mariadb", "medusa", "medusaStorefront", "postgres", "redis")
    values = environment(render(merged(MINIMAL, {"stores": {"images": {name: f"{name}:1".lower() for name in names}}})))
    assert {name for name in values if "_IMAGE_" in name} == {name for name in SETTINGS if "_IMAGE_" in name and not name.endswith("_PREFIXES")}


def test_connections_are_limited_where_their_addresses_tell_people_apart():
    for layers, limited in (([], False), ([{"platform": {"trustedProxies": ["10.244.0.0/16"]}}], True), ([{"ingress": {"enabled": False}}], True)):
        assert ("STORE_PLATFORM_LIMIT_CONNECTIONS" not in environment(render(merged(MINIMAL, *layers)))) == limited


def test_a_large_number_is_written_as_digits():
    values = environment(render(merged(MINIMAL, {"platform": {"provisionTimeout": 10_000_000}})))
    assert values["STORE_PLATFORM_PROVISION_TIMEOUT"] == "10000000"


def test_the_service_is_told_nothing_it_does_not_read(objects):
    for deployment in of_kind(objects, "Deployment"):
        for container in containers(deployment):
            (source,) = container["envFrom"]
            assert environment(objects, source["configMapRef"]["name"]).keys() <= SETTINGS
            assert {variable["name"] for variable in container["env"]} == {
                "STORE_PLATFORM_ROLE", "STORE_PLATFORM_ADMIN_TOKEN", "DATABASE_URL",
            }


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
    given = {"their-database", "store-platform-external-database", "my-token", "my-database"}
    for name in INSTALLATIONS:
        objects = installation(name)
        held = {(secret["metadata"]["name"], key) for secret in of_kind(objects, "Secret") for key in secret["data"]}
        for workload in of_kind(objects, "Deployment", "StatefulSet"):
            for container in containers(workload):
                for variable in container["env"]:
                    if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                        assert (reference["name"], reference["key"]) in held or reference["name"] in given


def test_named_secrets_are_used_and_none_is_made():
    objects = installation("existing secrets")
    assert of_kind(objects, "Secret") == []
    api = named(objects, "Deployment", "store-platform-api")
    references = {v["name"]: v["valueFrom"]["secretKeyRef"] for v in containers(api)[1]["env"] if "valueFrom" in v}
    assert references == {
        "STORE_PLATFORM_ADMIN_TOKEN": {"name": "my-token", "key": "token"},
        "DATABASE_URL": {"name": "my-database", "key": "url"},
    }


def test_an_external_database_is_reached_by_its_secret_and_checked_by_its_authority():
    api = named(installation("external database"), "Deployment", "store-platform-api")
    service = containers(api)[1]
    (url,) = [variable for variable in service["env"] if variable["name"] == "DATABASE_URL"]
    assert url["valueFrom"]["secretKeyRef"] == {"name": "their-database", "key": "url"}
    assert {"name": "database-authority", "mountPath": "/etc/store-platform/database", "readOnly": True} in service["volumeMounts"]


def test_generated_secrets_are_long_and_all_different():
    first, second = secret_values(render(MINIMAL)), secret_values(render(MINIMAL))
    passwords = [first[key] for key in first if key[1] != "url"]
    assert len(set(passwords)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", password) for password in passwords)
    assert not first.items() & second.items()


def test_the_url_leads_to_the_bundled_database_with_its_password():
    objects = installation("default")
    values = secret_values(objects)
    url = urlsplit(values["store-platform-postgresql", "url"])
    assert (url.scheme, url.username, url.path, url.port) == ("postgresql", "store_platform", "/store_platform", 5432)
    assert url.password == values["store-platform-postgresql", "password"]
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
