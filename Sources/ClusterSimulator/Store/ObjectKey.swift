import JSON

/// Names one object.
struct ObjectKey: Hashable, Sendable {
    /// `Kind.id`
    let kind: String
    /// Empty for what belongs to the cluster.
    let namespace: String
    let name: String
}

extension JSONValue {
    var name: String { self[path: "metadata", "name"]?.string ?? "" }
    var namespace: String { self[path: "metadata", "namespace"]?.string ?? "" }
    var uid: String { self[path: "metadata", "uid"]?.string ?? "" }
    var resourceVersion: Int { self[path: "metadata", "resourceVersion"]?.string.flatMap { Int($0) } ?? 0 }
    var labels: JSONObject { self[path: "metadata", "labels"]?.object ?? [:] }
    var annotations: JSONObject { self[path: "metadata", "annotations"]?.object ?? [:] }
    var isBeingDeleted: Bool { self[path: "metadata", "deletionTimestamp"] != nil }
    var finalizers: [JSONValue] { self[path: "metadata", "finalizers"]?.array ?? [] }

    /// Sets a value at the end of a path of members, making objects on the way.
    mutating func set(_ path: [String], _ value: JSONValue?) {
        guard let first = path.first else { return }
        if path.count == 1 {
            self[first] = value
        } else {
            var child = self[first] ?? [:]
            self[first] = nil
            child.set(Array(path.dropFirst()), value)
            self[first] = child
        }
    }

    func at(_ path: [String]) -> JSONValue? {
        path.reduce(Optional(self)) { $0?[$1] }
    }

    /// The owner that controls it.
    var controller: JSONValue? {
        self[path: "metadata", "ownerReferences"]?.array?.first { $0["controller"]?.bool == true }
    }
}
