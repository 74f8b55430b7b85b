/// Names one object of the cluster.
package struct ObjectReference: Sendable, Hashable {
    package let resource: Resource
    /// Nil for what belongs to the cluster.
    package let namespace: String?
    package let name: String

    package init(resource: Resource, namespace: String?, name: String) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }
}

extension ObjectReference: CustomStringConvertible {
    /// `deployments.apps store-a/web`
    package var description: String {
        let kind = resource.group.isEmpty ? resource.plural : "\(resource.plural).\(resource.group)"
        return "\(kind) \(namespace.map { "\($0)/" } ?? "")\(name)"
    }
}
