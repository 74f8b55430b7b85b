package import JSON

/// A name and an address for a set of pods.
package struct Service: KubernetesObject, Hashable {
    package static let resource = Resource.service

    package let metadata: ObjectMeta
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    package let type: String?
    /// `None` for a headless service.
    package let clusterIP: String?
    package let ports: [Int]
    /// The addresses the cloud gave it; empty for every type but `LoadBalancer`.
    package let loadBalancer: [LoadBalancerAddress]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        type = json[path: "spec", "type"]?.string
        clusterIP = json[path: "spec", "clusterIP"]?.string
        ports = json[path: "spec", "ports"]?.array?.compactMap { $0["port"]?.integer } ?? []
        loadBalancer = LoadBalancerAddress.addresses(of: json)
    }
}
