package import JSON

/// A claim on storage.
package struct PersistentVolumeClaim: KubernetesObject, Hashable {
    package static let resource = Resource.persistentVolumeClaim

    package let metadata: ObjectMeta
    /// `Pending`, `Bound` or `Lost`. Pending is no fault where the class waits for the first pod (`WaitForFirstConsumer`).
    package let phase: String?
    package let storageClassName: String?
    package let volumeName: String?
    /// What was asked for, a quantity: `10Gi`.
    package let requestedStorage: String?
    /// What was given; nil until bound.
    package let capacity: String?

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        phase = json[path: "status", "phase"]?.string
        storageClassName = json[path: "spec", "storageClassName"]?.string
        volumeName = json[path: "spec", "volumeName"]?.string
        requestedStorage = json[path: "spec", "resources", "requests", "storage"]?.string
        capacity = json[path: "status", "capacity", "storage"]?.string
    }
}
