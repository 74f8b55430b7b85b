package import JSON

/// A namespace and, while it goes, why it has not gone yet.
package struct Namespace: KubernetesObject, Hashable {
    package static let resource = Resource.namespace

    package let metadata: ObjectMeta
    /// `Active` or `Terminating`.
    package let phase: String?
    /// Empty until its deletion has taken a few seconds; `NamespaceContentRemaining` may be `False` while there still are
    /// objects. Only a 404 on the namespace is the end.
    package let conditions: [Condition]

    package var isTerminating: Bool { phase == "Terminating" || metadata.deletionTimestamp != nil }

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        phase = json[path: "status", "phase"]?.string
        conditions = Condition.conditions(of: json)
    }
}
