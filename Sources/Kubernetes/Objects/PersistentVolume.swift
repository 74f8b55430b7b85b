package import JSON

/// A volume of the cluster.
package struct PersistentVolume: KubernetesObject, Hashable {
    package static let resource = Resource.persistentVolume

    package let metadata: ObjectMeta
    /// `Available`, `Bound`, `Released`, `Failed`.
    package let phase: String
    /// Where the claim is, or was, that it is bound to.
    package let claimNamespace: String?

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        phase = json[path: "status", "phase"]?.string ?? ""
        claimNamespace = json[path: "spec", "claimRef", "namespace"]?.string
    }
}
