package import JSON

package struct Namespace: KubernetesObject {
    package static let resource = Resource.namespace
    package let metadata: ObjectMeta
    /// `Active` or `Terminating`.
    package let phase: String
    /// While it terminates these say what holds it up.
    package let conditions: [Condition]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        phase = json[path: "status", "phase"]?.string ?? ""
        conditions = Condition.all(of: json)
    }

    package var isTerminating: Bool { phase == "Terminating" || metadata.deletionTimestamp != nil }
}
