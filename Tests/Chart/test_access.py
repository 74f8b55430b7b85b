"""Who may do what: the rights at the Kubernetes API, and the ways through the network."""

import pytest

from rendering import installation, named, of_kind, pod_template, selects, workloads
from rights import accounts, rights

WRITE = {"list", "watch", "create", "patch"}

# Every call that each process makes, and not one more. A right that is added to the chart has to be added here, with its reader;
# Tests/System/test_rights.py holds the worker's to the calls of a running service.
API = {
    ("", "namespaces"): {"get"},
    ("", "secrets:credentials"): {"get"},
    **{("", resource): {"list"} for resource in (
        "services", "persistentvolumeclaims", "configmaps", "serviceaccounts", "resourcequotas", "limitranges", "events", "pods",
    )},
    ("apps", "deployments"): {"list"},
    ("apps", "statefulsets"): {"list"},
    ("batch", "jobs"): {"list"},
    ("batch", "cronjobs"): {"list"},
    ("networking.k8s.io", "ingresses"): {"list"},
    ("networking.k8s.io", "networkpolicies"): {"list"},
    ("storage.k8s.io", "storageclasses"): {"list"},
}
WORKER = {
    ("", "namespaces"): {"get", "list", "watch", "create", "patch", "delete"},
    **{("", resource): WRITE for resource in ("serviceaccounts", "configmaps", "services")},
    **{("", resource): WRITE | {"update"} for resource in ("limitranges", "resourcequotas")},
    ("", "persistentvolumeclaims"): WRITE | {"deletecollection"},
    ("", "pods"): {"list", "watch", "deletecollection"},
    ("", "pods/log"): {"get"},
    ("", "secrets"): WRITE | {"get"},
    ("", "persistentvolumes"): {"list"},
    ("", "events"): {"list"},
    ("apps", "deployments"): WRITE,
    ("apps", "statefulsets"): WRITE,
    ("batch", "jobs"): WRITE | {"delete"},
    ("batch", "cronjobs"): WRITE,
    ("networking.k8s.io", "ingresses"): WRITE,
    ("networking.k8s.io", "networkpolicies"): WRITE | {"update"},
    ("storage.k8s.io", "storageclasses"): {"list"},
}


@pytest.mark.parametrize("name", ["default", "prod", "role split", "external database"])
def test_api_and_worker_have_the_rights_of_their_calls(name):
    objects = installation(name)
    assert rights(objects, accounts(objects)["store-platform-api"]) == API
    assert rights(objects, accounts(objects)["store-platform-worker"]) == WORKER


@pytest.mark.parametrize("name", ["role all", "local"])
def test_one_deployment_for_both_has_the_rights_of_the_worker(name):
    objects = installation(name)
    assert rights(objects, accounts(objects)["store-platform-api"]) == WORKER
    assert len(of_kind(objects, "ServiceAccount")) == 1


def test_the_worker_may_do_all_that_the_api_may():
    """Or else the API would be refused in the mode "all", where it has the worker's account."""
    anywhere = {(group, resource.split(":")[0]): verbs for (group, resource), verbs in API.items()}
    assert {key: verbs - WORKER.get(key, set()) for key, verbs in anywhere.items() if verbs - WORKER.get(key, set())} == {}


def test_no_right_is_a_wildcard_or_a_way_to_more(objects):
    for role in of_kind(objects, "ClusterRole", "Role"):
        for rule in role["rules"]:
            words = set(rule["apiGroups"] + rule["resources"] + rule["verbs"])
            assert not words & {"*", "escalate", "bind", "impersonate", "pods/exec", "serviceaccounts/token"}
            assert "rbac.authorization.k8s.io" not in words


def test_the_api_reads_one_secret_by_its_name_and_lists_none():
    for name in ("default", "prod"):
        held = rights(installation(name), "store-platform-api")
        assert {key: verbs for key, verbs in held.items() if key[1].startswith("secrets")} == {("", "secrets:credentials"): {"get"}}


def test_bindings_name_accounts_that_exist(objects):
    existing = {item["metadata"]["name"] for item in of_kind(objects, "ServiceAccount")}
    bound = {s["name"] for binding in of_kind(objects, "ClusterRoleBinding", "RoleBinding") for s in binding["subjects"]}
    assert bound == existing


def test_only_the_service_has_a_token(objects):
    for workload in workloads(objects):
        pod = pod_template(workload)["spec"]
        assert pod["automountServiceAccountToken"] is (workload["kind"] == "Deployment")
    for account in of_kind(objects, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_every_pod_is_closed_but_for_its_own_policy(objects):
    for workload in workloads(objects):
        labels = pod_template(workload)["metadata"]["labels"]
        (policy,) = [p for p in of_kind(objects, "NetworkPolicy") if selects(p["spec"]["podSelector"]["matchLabels"], labels)]
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("name, jobs", [("default", []), ("audit jobs", ["store-platform-archive", "store-platform-verify"])])
def test_the_database_hears_the_platform_alone_and_calls_nobody(name, jobs):
    objects = installation(name)
    spec = named(objects, "NetworkPolicy", "store-platform-postgresql")["spec"]
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}]
    heard = [
        workload["metadata"]["name"]
        for workload in workloads(objects)
        for peer in rule["from"]
        if selects(peer["podSelector"]["matchLabels"], pod_template(workload)["metadata"]["labels"])
    ]
    assert sorted(heard) == sorted(["store-platform-api", "store-platform-worker", *jobs])
    assert spec["egress"] == []


@pytest.mark.parametrize("name, database", [("audit jobs", 5432), ("external database", 6432)])
def test_the_jobs_reach_names_and_database_alone_and_nobody_reaches_them(name, database):
    spec = named(installation(name), "NetworkPolicy", "store-platform-audit")["spec"]
    assert spec["ingress"] == []
    assert [[port["port"] for port in rule["ports"]] for rule in spec["egress"]] == [[53, 53], [database]]


@pytest.mark.parametrize("component", ["api", "worker"])
def test_the_service_reaches_names_database_and_api_server(component):
    egress = named(installation("default"), "NetworkPolicy", f"store-platform-{component}")["spec"]["egress"]
    reached = [sorted((port["port"], port["protocol"]) for port in rule["ports"]) for rule in egress]
    assert reached == [[(53, "TCP"), (53, "UDP")], [(5432, "TCP")], [(443, "TCP"), (6443, "TCP")]]
    assert egress[0]["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]
    assert egress[1]["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "postgresql"


def test_given_addresses_narrow_the_ways_out():
    external = named(installation("external database"), "NetworkPolicy", "store-platform-api")["spec"]["egress"][1]
    assert external == {"ports": [{"port": 6432, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}]}
    api_server = named(installation("everything set"), "NetworkPolicy", "shops-worker")["spec"]["egress"][2]
    assert api_server["to"] == [{"ipBlock": {"cidr": "192.0.2.1/32"}}]


def test_the_dashboard_hears_the_ingress_controller_alone():
    (rule,) = named(installation("prod"), "NetworkPolicy", "store-platform-api")["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"store-platform/ingress": "true"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
        }
    ]


@pytest.mark.parametrize("name, component", [("ingress off", "api"), ("ingress off", "worker"), ("prod", "worker")])
def test_nobody_is_let_in_where_nobody_calls(name, component):
    assert named(installation(name), "NetworkPolicy", f"store-platform-{component}")["spec"]["ingress"] == []


def test_scrapers_reach_both():
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    for component in ("api", "worker"):
        (rule,) = named(installation("everything set"), "NetworkPolicy", f"shops-{component}")["spec"]["ingress"]
        assert peer in rule["from"]


def test_a_proxy_reaches_the_api_alone():
    objects = installation("sign-in by a proxy")
    (rule,) = named(objects, "NetworkPolicy", "store-platform-api")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "oauth2-proxy"}}}]
    assert named(objects, "NetworkPolicy", "store-platform-worker")["spec"]["ingress"] == []
