package import JSON

/// A way in which the cluster makes volumes.
package struct StorageClass: KubernetesObject, Hashable {
    package static let resource = Resource.storageClass

    package let metadata: ObjectMeta
    package let provisioner: String
    /// `Immediate`, or `WaitForFirstConsumer`: claims stay pending until a pod uses them.
    package let volumeBindingMode: String?
    package let reclaimPolicy: String?
    /// Whether claims that name no class get this one.
    package let isDefault: Bool

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        provisioner = json["provisioner"]?.string ?? ""
        volumeBindingMode = json["volumeBindingMode"]?.string
        reclaimPolicy = json["reclaimPolicy"]?.string
        isDefault = metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
    }
}
