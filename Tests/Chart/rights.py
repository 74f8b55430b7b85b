"""What a ServiceAccount of a rendered chart may do."""

import itertools

from rendering import named, of_kind, pod_template, workloads


def rights(objects, account):
    """(group, resource) → verbs that this ServiceAccount of the release's namespace holds. A right to one object ends in its name."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "platform"}
    table = {}
    for binding in of_kind(objects, "ClusterRoleBinding", "RoleBinding"):
        if subject in binding["subjects"]:
            for rule in named(objects, binding["roleRef"]["kind"], binding["roleRef"]["name"])["rules"]:
                assert rule.keys() - {"resourceNames"} == {"apiGroups", "resources", "verbs"}
                names = [f":{name}" for name in rule.get("resourceNames", [])] or [""]
                for key in itertools.product(rule["apiGroups"], rule["resources"], names):
                    table.setdefault((key[0], key[1] + key[2]), set()).update(rule["verbs"])
    return table


def accounts(objects):
    return {
        workload["metadata"]["name"]: pod_template(workload)["spec"].get("serviceAccountName")
        for workload in workloads(objects)
    }
