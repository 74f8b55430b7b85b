import JSON

extension ClusterState {
    /// Empties a namespace that is to go, then lets it go; says what holds it up.
    mutating func reconcileNamespace(_ key: ObjectKey) {
        guard let namespace = self[key], namespace.isBeingDeleted else { return }
        var held: [String: Int] = [:]
        var remaining: [String: Int] = [:]
        for kind in Kind.all where kind.isNamespaced {
            for object in objects(kind.id, in: key.name) {
                if !object.isBeingDeleted {
                    _ = delete(ObjectKey(kind: kind.id, namespace: key.name, name: object.name), kind, gracePeriodSeconds: nil)
                }
            }
            let left = objects(kind.id, in: key.name)
            if !left.isEmpty { remaining[kind.id.contains(".") ? kind.id : kind.id + "."] = left.count }
            for finalizer in left.flatMap(\.finalizers).compactMap(\.string) { held[finalizer, default: 0] += 1 }
        }
        if remaining.isEmpty, namespace.finalizers.isEmpty { return remove(key) }
        let kinds = remaining.sorted { $0.key < $1.key }.map { "\($0.key) has \($0.value) resource instances" }.joined(
            separator: ", ")
        let finalizers = held.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }.joined(
            separator: ", ")
        var status: JSONValue = ["phase": "Terminating"]
        status["conditions"] = [
            ClusterState.condition(
                "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered",
                old: namespace),
            ClusterState.condition(
                "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed", old: namespace),
            ClusterState.condition(
                "NamespaceDeletionContentFailure", false, "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization", old: namespace),
            ClusterState.condition(
                "NamespaceContentRemaining", !remaining.isEmpty, remaining.isEmpty ? "ContentRemoved" : "SomeResourcesRemain",
                remaining.isEmpty ? "All content successfully removed" : "Some resources are remaining: \(kinds)", old: namespace),
            ClusterState.condition(
                "NamespaceFinalizersRemaining", !held.isEmpty, held.isEmpty ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
                held.isEmpty
                    ? "All content-preserving finalizers finished"
                    : "Some content in the namespace has finalizers remaining: \(finalizers)",
                old: namespace),
        ]
        setStatus(status, of: namespace, Kind.of(.namespace))
    }
}
