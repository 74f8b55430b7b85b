package import JSON

package struct Deployment: KubernetesObject {
    package static let resource = Resource.deployment
    package let metadata: ObjectMeta
    package let observedGeneration: Int
    package let wantedReplicas: Int
    package let updatedReplicas: Int
    package let availableReplicas: Int
    package let conditions: [Condition]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        observedGeneration = json[path: "status", "observedGeneration"]?.integer ?? 0
        wantedReplicas = json[path: "spec", "replicas"]?.integer ?? 1
        updatedReplicas = json[path: "status", "updatedReplicas"]?.integer ?? 0
        availableReplicas = json[path: "status", "availableReplicas"]?.integer ?? 0
        conditions = Condition.all(of: json)
    }

    /// Whether the controller has seen the present spec and every replica of it is available.
    package var isAvailable: Bool {
        observedGeneration >= metadata.generation ?? 0 && updatedReplicas >= wantedReplicas && availableReplicas >= wantedReplicas
    }
}

package struct StatefulSet: KubernetesObject {
    package static let resource = Resource.statefulSet
    package let metadata: ObjectMeta
    package let observedGeneration: Int
    package let wantedReplicas: Int
    package let readyReplicas: Int

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        observedGeneration = json[path: "status", "observedGeneration"]?.integer ?? 0
        wantedReplicas = json[path: "spec", "replicas"]?.integer ?? 1
        readyReplicas = json[path: "status", "readyReplicas"]?.integer ?? 0
    }

    package var isReady: Bool { observedGeneration >= metadata.generation ?? 0 && readyReplicas >= wantedReplicas }
}

package struct Job: KubernetesObject {
    package static let resource = Resource.job
    package let metadata: ObjectMeta
    package let succeeded: Int
    package let failed: Int
    package let conditions: [Condition]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        succeeded = json[path: "status", "succeeded"]?.integer ?? 0
        failed = json[path: "status", "failed"]?.integer ?? 0
        conditions = Condition.all(of: json)
    }

    package var isComplete: Bool { conditions["Complete"]?.isTrue ?? false }

    /// Set once the job will not be tried again.
    package var failure: Condition? { conditions["Failed"].flatMap { $0.isTrue ? $0 : nil } }
}
