package import JSON

/// One revision of a deployment.
package struct ReplicaSet: KubernetesObject, Hashable {
    package static let resource = Resource.replicaSet

    package let metadata: ObjectMeta
    package let owners: [OwnerReference]
    package let replicas: Int
    package let readyReplicas: Int
    /// `ReplicaFailure` when quota or pod security refuses its pods.
    package let conditions: [Condition]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        owners = OwnerReference.owners(of: json)
        replicas = json[path: "spec", "replicas"]?.integer ?? 1
        readyReplicas = json[path: "status", "readyReplicas"]?.integer ?? 0
        conditions = Condition.conditions(of: json)
    }
}
