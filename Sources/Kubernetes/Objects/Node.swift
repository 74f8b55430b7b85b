package import JSON

/// A node: what its pods may ask for, and whether it takes any.
package struct Node: KubernetesObject, Hashable {
    package static let resource = Resource.node

    package let metadata: ObjectMeta
    /// What is left for pods after the system's own share, by resource: `cpu`, `memory`, `pods` …
    package let allocatable: [String: String]
    package let conditions: [Condition]
    /// It was cordoned, or has a taint that a pod without tolerations does not pass.
    package let isClosed: Bool

    package var takesPods: Bool { !isClosed && conditions["Ready"]?.isTrue == true }

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        allocatable = ObjectMeta.strings(json[path: "status", "allocatable"])
        conditions = Condition.conditions(of: json)
        let effects = json[path: "spec", "taints"]?.array?.compactMap { $0["effect"]?.string } ?? []
        isClosed =
            json[path: "spec", "unschedulable"]?.bool == true || effects.contains("NoSchedule") || effects.contains("NoExecute")
    }
}
