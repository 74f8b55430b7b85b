import HTTP

/// What a request's path speaks of: a kind, and perhaps a namespace, an object and a part of it.
struct Target {
    let kind: Kind
    /// Nil over all namespaces, and for what belongs to the cluster.
    let namespace: String?
    let name: String?
    /// `status`, `scale`, `log`.
    let subresource: String?

    /// `/api/v1/…` and `/apis/{group}/{version}/…`; nil where nothing of that path is served.
    init?(path: String) {
        var segments = path.split(separator: "/").map { PercentEncoding.decode($0) ?? "" }
        let group: String
        switch segments.first {
        case "api": group = ""
        case "apis" where segments.count > 1: group = segments.remove(at: 1)
        default: return nil
        }
        guard segments.count >= 3 else { return nil }
        let version = segments[1]
        var rest = Array(segments.dropFirst(2))
        var namespace: String?
        if rest.first == "namespaces", rest.count >= 3, Kind.served(group: group, version: version, plural: rest[2]) != nil {
            namespace = rest[1]
            rest.removeFirst(2)
        }
        guard let kind = Kind.served(group: group, version: version, plural: rest[0]), rest.count <= 3 else { return nil }
        guard kind.isNamespaced || namespace == nil, rest.count < 3 || ["status", "scale", "log"].contains(rest[2]) else {
            return nil
        }
        self.kind = kind
        self.namespace = namespace
        name = rest.count > 1 ? rest[1] : nil
        subresource = rest.count > 2 ? rest[2] : nil
    }

    var key: ObjectKey { ObjectKey(kind: kind.id, namespace: namespace ?? "", name: name ?? "") }
}
