package import JSON

/// A deployment and how far its controller has come with it.
package struct Deployment: KubernetesObject, Hashable {
    package static let resource = Resource.deployment

    package let metadata: ObjectMeta
    /// The generation that the controller has acted on; older than `generation` means that the rest of the status is stale.
    package let observedGeneration: Int?
    /// How many pods are wanted (`spec.replicas`; the server's default is 1).
    package let replicas: Int
    /// How many pods there are, of whatever revision (`status.replicas`).
    package let currentReplicas: Int
    package let updatedReplicas: Int
    package let readyReplicas: Int
    package let availableReplicas: Int
    /// `Available`, `Progressing`, and `ReplicaFailure` when quota or pod security refuses its pods.
    package let conditions: [Condition]

    package var generation: Int? { metadata.generation }

    /// Whether every pod is of the newest revision and available: what `kubectl rollout status` waits for.
    package var isRolledOut: Bool {
        (observedGeneration ?? 0) >= (generation ?? 0) && updatedReplicas >= replicas && currentReplicas <= updatedReplicas
            && availableReplicas >= updatedReplicas
    }

    package init(json: JSONValue) {
        let status = json["status"]
        metadata = ObjectMeta(of: json)
        observedGeneration = status?["observedGeneration"]?.integer
        replicas = json[path: "spec", "replicas"]?.integer ?? 1
        currentReplicas = status?["replicas"]?.integer ?? 0
        updatedReplicas = status?["updatedReplicas"]?.integer ?? 0
        readyReplicas = status?["readyReplicas"]?.integer ?? 0
        availableReplicas = status?["availableReplicas"]?.integer ?? 0
        conditions = Condition.conditions(of: json)
    }
}
