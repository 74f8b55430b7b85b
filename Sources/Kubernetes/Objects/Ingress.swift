package import JSON

/// The way from outside to a service.
package struct Ingress: KubernetesObject, Hashable {
    package static let resource = Resource.ingress

    package let metadata: ObjectMeta
    package let ingressClassName: String?
    package let hosts: [String]
    /// Filled in by the ingress controller once it serves the rules; some controllers never do.
    package let loadBalancer: [LoadBalancerAddress]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        ingressClassName = json[path: "spec", "ingressClassName"]?.string
        hosts = json[path: "spec", "rules"]?.array?.compactMap { $0["host"]?.string } ?? []
        loadBalancer = LoadBalancerAddress.addresses(of: json)
    }
}

/// One address of a load balancer: clouds give either an IP or a name.
package struct LoadBalancerAddress: Sendable, Hashable {
    package let ip: String?
    package let hostname: String?

    static func addresses(of json: JSONValue) -> [LoadBalancerAddress] {
        json[path: "status", "loadBalancer", "ingress"]?.array?.map {
            LoadBalancerAddress(ip: $0["ip"]?.string, hostname: $0["hostname"]?.string)
        } ?? []
    }
}
