/// A kind of object and where the API serves it.
package struct Resource: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    package let kind: String
    /// As in the path: `deployments`.
    package let plural: String
    package let isNamespaced: Bool

    package init(group: String = "", version: String = "v1", kind: String, plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// As in a manifest: `apps/v1`, `v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `/api/v1/namespaces/{namespace}/pods/{name}` and the like; without a namespace, over all of them.
    package func path(namespace: String? = nil, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        return path
    }
}

extension Resource {
    package static let namespace = Resource(kind: "Namespace", plural: "namespaces", isNamespaced: false)
    package static let serviceAccount = Resource(kind: "ServiceAccount", plural: "serviceaccounts")
    package static let limitRange = Resource(kind: "LimitRange", plural: "limitranges")
    package static let resourceQuota = Resource(kind: "ResourceQuota", plural: "resourcequotas")
    package static let secret = Resource(kind: "Secret", plural: "secrets")
    package static let configMap = Resource(kind: "ConfigMap", plural: "configmaps")
    package static let persistentVolumeClaim = Resource(kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims")
    package static let service = Resource(kind: "Service", plural: "services")
    package static let pod = Resource(kind: "Pod", plural: "pods")
    package static let event = Resource(kind: "Event", plural: "events")
    package static let deployment = Resource(group: "apps", kind: "Deployment", plural: "deployments")
    package static let statefulSet = Resource(group: "apps", kind: "StatefulSet", plural: "statefulsets")
    package static let replicaSet = Resource(group: "apps", kind: "ReplicaSet", plural: "replicasets")
    package static let job = Resource(group: "batch", kind: "Job", plural: "jobs")
    package static let cronJob = Resource(group: "batch", kind: "CronJob", plural: "cronjobs")
    package static let ingress = Resource(group: "networking.k8s.io", kind: "Ingress", plural: "ingresses")
    package static let networkPolicy = Resource(group: "networking.k8s.io", kind: "NetworkPolicy", plural: "networkpolicies")
    package static let node = Resource(kind: "Node", plural: "nodes", isNamespaced: false)
    package static let persistentVolume = Resource(kind: "PersistentVolume", plural: "persistentvolumes", isNamespaced: false)
    package static let storageClass = Resource(
        group: "storage.k8s.io", kind: "StorageClass", plural: "storageclasses", isNamespaced: false)
}
