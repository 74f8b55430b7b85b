import JSON

/// ResourceQuota and LimitRange: what a namespace may hold, counted from what it holds.
enum QuotaAdmission {
    /// Why one more object does not fit; nil where it does.
    static func refusal(of object: JSONValue, _ kind: Kind, in state: ClusterState) -> String? {
        let wanted = NamespaceUsage.usage(of: object, kind.id)
        for quota in state.objects(.quota, in: object.namespace) {
            let hard = quota[path: "spec", "hard"]?.object ?? [:]
            if kind.name == "Pod" {
                let missing = hard.keys.filter {
                    ($0.hasPrefix("requests.") || $0.hasPrefix("limits.")) && !$0.hasSuffix("storage") && wanted[$0] == nil
                }
                if !missing.isEmpty {
                    return
                        "failed quota: \(quota.name): must specify \(missing.map { "\($0) for: \(containerNames(object))" }.joined(separator: "; "))"
                }
            }
            let concerned = hard.keys.filter { wanted[$0] != nil }.sorted()
            guard !concerned.isEmpty else { continue }
            let used = state.usage.of(object.namespace)
            let exceeded = concerned.filter { name in
                guard let limit = hard[name]?.string.flatMap(Quantity.init), let want = wanted[name] else { return false }
                return (used[name] ?? .zero) + want > limit
            }
            guard !exceeded.isEmpty else { continue }
            func list(_ value: (String) -> Quantity?) -> String {
                exceeded.map { "\($0)=\(value($0)?.text(isBinary: isBinary($0)) ?? "0")" }.joined(separator: ",")
            }
            return
                "exceeded quota: \(quota.name), requested: \(list { wanted[$0] }), used: \(list { used[$0] ?? .zero }), "
                + "limited: \(list { hard[$0]?.string.flatMap(Quantity.init) })"
        }
        return nil
    }

    private static func containerNames(_ pod: JSONValue) -> String {
        (pod[path: "spec", "containers"]?.array ?? []).compactMap { $0["name"]?.string }.joined(separator: ",")
    }

    static func isBinary(_ name: String) -> Bool { name.hasSuffix("memory") || name.hasSuffix("storage") }

    /// Fills a pod's requests and limits from the namespace's LimitRanges, and refuses what is above their maximum.
    static func applyLimitRanges(to pod: inout JSONValue, in state: ClusterState) throws(APIFailure) {
        for range in state.objects(.limitRange, in: pod.namespace) {
            var notes: [String] = []
            for limit in range[path: "spec", "limits"]?.array ?? [] where limit["type"]?.string == "Container" {
                var containers = pod[path: "spec", "containers"]?.array ?? []
                for index in containers.indices {
                    let name = containers[index]["name"]?.string ?? ""
                    let givenLimits = containers[index][path: "resources", "limits"]?.object ?? [:]
                    let limits = fill(&containers[index], "limits", from: limit["default"])
                    // A limit that was given is also the request where none was.
                    _ = fill(&containers[index], "requests", from: .object(givenLimits))
                    let requests = fill(&containers[index], "requests", from: limit["defaultRequest"] ?? limit["default"])
                    if !requests.isEmpty { notes.append("\(requests.joined(separator: ", ")) request for container \(name)") }
                    if !limits.isEmpty { notes.append("\(limits.joined(separator: ", ")) limit for container \(name)") }
                    for member in limit["max"]?.object ?? [:] {
                        guard let maximum = member.value.string.flatMap(Quantity.init),
                            let given = containers[index][path: "resources", "limits", member.key]?.string.flatMap(Quantity.init),
                            given > maximum
                        else { continue }
                        throw .forbidden(
                            Kind.of(.pod), pod.name,
                            "maximum \(member.key) usage per Container is \(member.value.string ?? ""), but limit is \(given.text(isBinary: isBinary(member.key)))"
                        )
                    }
                }
                pod.set(["spec", "containers"], .array(containers))
            }
            guard !notes.isEmpty else { continue }
            pod.set(
                ["metadata", "annotations", "kubernetes.io/limit-ranger"],
                .string("LimitRanger plugin set: \(notes.joined(separator: "; "))"))
        }
    }

    /// - Returns: the names of what was filled in.
    private static func fill(_ container: inout JSONValue, _ list: String, from defaults: JSONValue?) -> [String] {
        var filled: [String] = []
        for member in defaults?.object ?? [:] where container[path: "resources", list, member.key] == nil {
            container.set(["resources", list, member.key], member.value)
            filled.append(member.key)
        }
        return filled.sorted()
    }
}
