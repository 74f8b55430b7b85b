import JSON

/// What the objects of each namespace add up to, in the names of ResourceQuota; kept as they come and go, so that admission need not count.
struct NamespaceUsage {
    private var totals: [String: [String: Quantity]] = [:]

    func of(_ namespace: String) -> [String: Quantity] { totals[namespace] ?? [:] }

    /// - Returns: whether anything is counted differently now.
    mutating func change(from old: JSONValue?, to new: JSONValue?, _ key: ObjectKey) -> Bool {
        guard key.kind != "events" else { return false }
        // Only of these does the count depend on what is in them.
        if old != nil, new != nil, !["pods", "persistentvolumeclaims", "services"].contains(key.kind) { return false }
        let before = old.map { NamespaceUsage.usage(of: $0, key.kind) } ?? [:]
        let after = new.map { NamespaceUsage.usage(of: $0, key.kind) } ?? [:]
        guard before != after else { return false }
        var total = totals[key.namespace] ?? [:]
        for (name, quantity) in before { total[name] = (total[name] ?? .zero) - quantity }
        for (name, quantity) in after { total[name] = (total[name] ?? .zero) + quantity }
        totals[key.namespace] = total.filter { $0.value != .zero }
        if totals[key.namespace]?.isEmpty == true { totals[key.namespace] = nil }
        return true
    }

    /// What one object counts for: `pods`, `requests.cpu`, `count/jobs.batch` … Nothing where it counts for nothing any more.
    static func usage(of object: JSONValue, _ kind: String) -> [String: Quantity] {
        var usage: [String: Quantity] = ["count/\(kind)": .one]
        switch kind {
        case "pods":
            let phase = object[path: "status", "phase"]?.string
            guard phase != "Succeeded", phase != "Failed" else { return ["count/pods": .one] }
            usage["pods"] = .one
            for container in object[path: "spec", "containers"]?.array ?? [] {
                for (list, prefix) in [("requests", "requests."), ("limits", "limits.")] {
                    for member in container[path: "resources", list]?.object ?? [:] {
                        guard let quantity = member.value.string.flatMap(Quantity.init) else { continue }
                        usage[prefix + member.key] = (usage[prefix + member.key] ?? .zero) + quantity
                    }
                }
            }
            usage["cpu"] = usage["requests.cpu"]
            usage["memory"] = usage["requests.memory"]
        case "persistentvolumeclaims":
            usage["persistentvolumeclaims"] = .one
            usage["requests.storage"] = object[path: "spec", "resources", "requests", "storage"]?.string.flatMap(Quantity.init)
        case "services":
            usage["services"] = .one
            let type = object[path: "spec", "type"]?.string
            if type == "LoadBalancer" { usage["services.loadbalancers"] = .one }
            if type == "LoadBalancer" || type == "NodePort" {
                usage["services.nodeports"] = Quantity(thousandths: 1000 * (object[path: "spec", "ports"]?.array?.count ?? 1))
            }
        case "secrets", "configmaps", "resourcequotas": usage[kind] = .one
        default: break
        }
        return usage
    }
}
