package import JSON

package struct PersistentVolumeClaim: KubernetesObject {
    package static let resource = Resource.persistentVolumeClaim
    package let metadata: ObjectMeta
    /// `Pending`, `Bound`, `Lost`.
    package let phase: String
    package let storageClass: String?

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        phase = json[path: "status", "phase"]?.string ?? ""
        storageClass = json[path: "spec", "storageClassName"]?.string
    }
}

package struct StorageClass: KubernetesObject {
    package static let resource = Resource.storageClass
    package let metadata: ObjectMeta
    /// With `WaitForFirstConsumer` a claim stays `Pending` until a pod uses it.
    package let waitsForFirstConsumer: Bool

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        waitsForFirstConsumer = json["volumeBindingMode"]?.string == "WaitForFirstConsumer"
    }

    package var isDefault: Bool { metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true" }
}
