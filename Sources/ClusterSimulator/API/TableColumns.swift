import Foundation
import JSON

/// A column of `kubectl get`, as kubernetes/pkg/printers/internalversion has it.
struct TableColumn: Sendable {
    let name: String
    var type = "string"
    /// Shown with `-o wide` only.
    var isWide = false
    let cell: @Sendable (JSONValue) -> JSONValue

    static func of(_ kind: Kind) -> [TableColumn] {
        let ends = withoutAge.contains(kind.name) ? [] : [age]
        return (kind.name == "Event" ? [] : [named]) + (own[kind.name] ?? []) + ends + (wide[kind.name] ?? [])
    }

    private static let named = TableColumn(name: "Name") { .string($0.name) }
    private static let age = TableColumn(name: "Age") {
        .string(HumanDuration.since($0[path: "metadata", "creationTimestamp"]?.string))
    }
    private static let withoutAge: Set<String> = [
        "Event", "LimitRange", "RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole",
    ]

    private static func text(_ name: String, _ path: String..., orElse missing: String = "<none>") -> TableColumn {
        let path = path
        return TableColumn(name: name) { .string($0.at(path)?.string ?? missing) }
    }

    private static func number(_ name: String, _ path: String...) -> TableColumn {
        let path = path
        return TableColumn(name: name, type: "integer") { .integer($0.at(path)?.integer ?? 0) }
    }

    private static func count(_ name: String, of path: String...) -> TableColumn {
        let path = path
        return TableColumn(name: name, type: "integer") { object in
            .integer(path.reduce(0) { $0 + (object[$1]?.object?.count ?? object[$1]?.array?.count ?? 0) })
        }
    }

    private static func share(_ name: String, _ part: [String], of whole: [String]) -> TableColumn {
        TableColumn(name: name) { .string("\($0.at(part)?.integer ?? 0)/\($0.at(whole)?.integer ?? 0)") }
    }

    private static let own: [String: [TableColumn]] = [
        "Pod": [
            TableColumn(name: "Ready") { pod in
                let containers = pod[path: "status", "containerStatuses"]?.array ?? []
                let wanted = pod[path: "spec", "containers"]?.array?.count ?? 0
                return .string("\(containers.count { $0["ready"]?.bool == true })/\(wanted)")
            },
            TableColumn(name: "Status") { .string(PodSummary.status(of: $0)) },
            TableColumn(name: "Restarts") { .string(PodSummary.restarts(of: $0)) },
        ],
        "Deployment": [
            share("Ready", ["status", "readyReplicas"], of: ["spec", "replicas"]),
            number("Up-to-date", "status", "updatedReplicas"), number("Available", "status", "availableReplicas"),
        ],
        "ReplicaSet": [
            number("Desired", "spec", "replicas"), number("Current", "status", "replicas"),
            number("Ready", "status", "readyReplicas"),
        ],
        "StatefulSet": [share("Ready", ["status", "readyReplicas"], of: ["spec", "replicas"])],
        "DaemonSet": [
            number("Desired", "status", "desiredNumberScheduled"), number("Current", "status", "currentNumberScheduled"),
            number("Ready", "status", "numberReady"),
        ],
        "Job": [
            TableColumn(name: "Status") { job in
                let conditions = Conditions(of: job)
                let state = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"].first {
                    conditions[$0] != nil
                }
                return .string(state ?? (job.isBeingDeleted ? "Terminating" : "Running"))
            },
            share("Completions", ["status", "succeeded"], of: ["spec", "completions"]),
            TableColumn(name: "Duration") { job in
                guard let start = job[path: "status", "startTime"]?.string.flatMap(Clock.date) else { return "" }
                let end = job[path: "status", "completionTime"]?.string.flatMap(Clock.date) ?? Clock.date
                return .string(HumanDuration.text(Int(end.timeIntervalSince(start))))
            },
        ],
        "CronJob": [
            text("Schedule", "spec", "schedule"), text("Timezone", "spec", "timeZone"),
            TableColumn(name: "Suspend") { .string($0[path: "spec", "suspend"]?.bool == true ? "True" : "False") },
            TableColumn(name: "Active", type: "integer") { .integer($0[path: "status", "active"]?.array?.count ?? 0) },
            TableColumn(name: "Last Schedule") {
                .string($0[path: "status", "lastScheduleTime"].map { HumanDuration.since($0.string) } ?? "<none>")
            },
        ],
        "Service": [
            text("Type", "spec", "type"), text("Cluster-IP", "spec", "clusterIP"),
            TableColumn(name: "External-IP") { _ in "<none>" },
            TableColumn(name: "Port(s)") { service in
                let ports = (service[path: "spec", "ports"]?.array ?? []).map { port in
                    "\(port["port"]?.integer ?? 0)\(port["nodePort"].map { ":\($0.integer ?? 0)" } ?? "")/\(port["protocol"]?.string ?? "TCP")"
                }
                return .string(ports.isEmpty ? "<none>" : ports.joined(separator: ","))
            },
        ],
        "Ingress": [
            text("Class", "spec", "ingressClassName"),
            TableColumn(name: "Hosts") { ingress in
                let hosts = (ingress[path: "spec", "rules"]?.array ?? []).compactMap { $0["host"]?.string }
                return .string(hosts.isEmpty ? "*" : hosts.joined(separator: ","))
            },
            TableColumn(name: "Address") { ingress in
                let doors = ingress[path: "status", "loadBalancer", "ingress"]?.array ?? []
                return .string(doors.compactMap { ($0["ip"] ?? $0["hostname"])?.string }.joined(separator: ","))
            },
            TableColumn(name: "Ports") { .string($0[path: "spec", "tls"] == nil ? "80" : "80, 443") },
        ],
        "PersistentVolumeClaim": [
            TableColumn(name: "Status") { .string($0.isBeingDeleted ? "Terminating" : $0[path: "status", "phase"]?.string ?? "") },
            text("Volume", "spec", "volumeName", orElse: ""), text("Capacity", "status", "capacity", "storage", orElse: ""),
            TableColumn(name: "Access Modes") { .string(shortModes($0[path: "status", "accessModes"])) },
            text("StorageClass", "spec", "storageClassName", orElse: ""),
            text("VolumeAttributesClass", "spec", "volumeAttributesClassName", orElse: "<unset>"),
        ],
        "PersistentVolume": [
            text("Capacity", "spec", "capacity", "storage", orElse: ""),
            TableColumn(name: "Access Modes") { .string(shortModes($0[path: "spec", "accessModes"])) },
            text("Reclaim Policy", "spec", "persistentVolumeReclaimPolicy", orElse: ""),
            text("Status", "status", "phase", orElse: ""),
            TableColumn(name: "Claim") { volume in
                let claim = volume[path: "spec", "claimRef"]
                return .string(claim.map { "\($0["namespace"]?.string ?? "")/\($0["name"]?.string ?? "")" } ?? "")
            },
            text("StorageClass", "spec", "storageClassName", orElse: ""),
        ],
        "Namespace": [text("Status", "status", "phase")],
        "Node": [
            TableColumn(name: "Status") { node in
                let isReady = PodStatus.isTrue("Ready", node["status"])
                let cordoned = node[path: "spec", "unschedulable"]?.bool == true ? ",SchedulingDisabled" : ""
                return .string((isReady ? "Ready" : "NotReady") + cordoned)
            },
            TableColumn(name: "Roles") { _ in "<none>" },
        ],
        "Event": [
            TableColumn(name: "Last Seen") {
                let last =
                    $0["lastTimestamp"]?.string ?? $0["eventTime"]?.string ?? $0[path: "metadata", "creationTimestamp"]?.string
                return .string(HumanDuration.since(last))
            },
            text("Type", "type"), text("Reason", "reason"),
            TableColumn(name: "Object") {
                .string(
                    "\($0[path: "involvedObject", "kind"]?.string?.lowercased() ?? "")/\($0[path: "involvedObject", "name"]?.string ?? "")"
                )
            },
            TableColumn(name: "Message") { .string(($0["message"]?.string ?? "").trimmed) },
        ],
        "ConfigMap": [count("Data", of: "data", "binaryData")],
        "Secret": [text("Type", "type"), count("Data", of: "data")],
        "ServiceAccount": [count("Secrets", of: "secrets")],
        "ResourceQuota": [
            TableColumn(name: "Request") { .string(quota($0) { !$0.hasPrefix("limits.") }) },
            TableColumn(name: "Limit") { .string(quota($0) { $0.hasPrefix("limits.") }) },
        ],
        "LimitRange": [TableColumn(name: "Created At") { $0[path: "metadata", "creationTimestamp"] ?? "" }],
        "NetworkPolicy": [
            TableColumn(name: "Pod-Selector") { policy in
                let labels = policy[path: "spec", "podSelector", "matchLabels"]?.object ?? [:]
                return .string(
                    labels.isEmpty
                        ? "<none>" : labels.members.map { "\($0.key)=\($0.value.string ?? "")" }.sorted().joined(separator: ","))
            }
        ],
        "StorageClass": [
            text("Provisioner", "provisioner"), text("ReclaimPolicy", "reclaimPolicy"),
            text("VolumeBindingMode", "volumeBindingMode"),
            TableColumn(name: "AllowVolumeExpansion") { .bool($0["allowVolumeExpansion"]?.bool ?? false) },
        ],
        "PodDisruptionBudget": [
            text("Min Available", "spec", "minAvailable", orElse: "N/A"),
            text("Max Unavailable", "spec", "maxUnavailable", orElse: "N/A"),
            number("Allowed Disruptions", "status", "disruptionsAllowed"),
        ],
        "Lease": [text("Holder", "spec", "holderIdentity", orElse: "")],
        "Role": [text("Created At", "metadata", "creationTimestamp")],
        "ClusterRole": [text("Created At", "metadata", "creationTimestamp")],
        "RoleBinding": [text("Role", "roleRef", "name"), age], "ClusterRoleBinding": [text("Role", "roleRef", "name"), age],
    ]

    private static let wide: [String: [TableColumn]] = {
        let templates: [TableColumn] = [
            TableColumn(name: "Containers", isWide: true) { .string(containers($0, "name")) },
            TableColumn(name: "Images", isWide: true) { .string(containers($0, "image")) },
        ]
        let node: [TableColumn] = [
            TableColumn(name: "IP", isWide: true) { .string($0[path: "status", "podIP"]?.string ?? "<none>") },
            TableColumn(name: "Node", isWide: true) { .string($0[path: "spec", "nodeName"]?.string ?? "<none>") },
        ]
        let selector = TableColumn(name: "Selector", isWide: true) { object in
            let labels = object[path: "spec", "selector", "matchLabels"]?.object ?? object[path: "spec", "selector"]?.object ?? [:]
            return .string(labels.members.map { "\($0.key)=\($0.value.string ?? "")" }.sorted().joined(separator: ","))
        }
        return [
            "Event": [TableColumn(name: "Name", isWide: true) { .string($0.name) }], "Pod": node,
            "Deployment": templates + [selector], "ReplicaSet": templates + [selector], "StatefulSet": templates,
            "Job": templates + [selector], "Service": [selector],
            "Node": [TableColumn(name: "Version", isWide: false) { $0[path: "status", "nodeInfo", "kubeletVersion"] ?? "" }],
        ]
    }()

    private static func containers(_ object: JSONValue, _ field: String) -> String {
        (object[path: "spec", "template", "spec", "containers"]?.array ?? []).compactMap { $0[field]?.string }.joined(
            separator: ",")
    }

    private static func shortModes(_ modes: JSONValue?) -> String {
        let short = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]
        return (modes?.array ?? []).compactMap { $0.string.flatMap { short[$0] } }.joined(separator: ",")
    }

    private static func quota(_ object: JSONValue, _ isShown: (String) -> Bool) -> String {
        let used = object[path: "status", "used"]
        return (object[path: "status", "hard"]?.object ?? [:]).members.filter { isShown($0.key) }.sorted { $0.key < $1.key }.map {
            "\($0.key): \(used?[$0.key]?.string ?? "0")/\($0.value.string ?? "")"
        }.joined(separator: ", ")
    }
}

/// A pod in a word, as its line shows it.
enum PodSummary {
    static func status(of pod: JSONValue) -> String {
        if pod.isBeingDeleted { return "Terminating" }
        let status = pod["status"]
        var text = status?["reason"]?.string ?? status?["phase"]?.string ?? "Unknown"
        for container in (status?["containerStatuses"]?.array ?? []).reversed() {
            if let reason = container[path: "state", "waiting", "reason"]?.string {
                text = reason
            } else if let reason = container[path: "state", "terminated", "reason"]?.string {
                text = reason
            }
        }
        return text
    }

    static func restarts(of pod: JSONValue) -> String {
        let containers = pod[path: "status", "containerStatuses"]?.array ?? []
        let count = containers.reduce(0) { $0 + ($1["restartCount"]?.integer ?? 0) }
        let last = containers.compactMap { $0[path: "lastState", "terminated", "finishedAt"]?.string }.max()
        guard count > 0, let last else { return String(count) }
        return "\(count) (\(HumanDuration.since(last)) ago)"
    }
}
