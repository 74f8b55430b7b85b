import JSON

/// What becomes of an object's dependents: they go with it, before it, or are set free.
extension ClusterState {
    private static let dependents = [Kind.of(.replicaSet), Kind.of(.job), Kind.of(.pod), Kind.of(.claim)]

    mutating func collectGarbage(of key: ObjectKey) {
        guard let kind = Kind.all.first(where: { $0.id == key.kind }), kind.isNamespaced, kind.hasGeneration else { return }
        if removedOwners.remove(key) != nil { collectOrphans(of: kind, key) }
        guard let owner = self[key] else { return }
        guard owner.isBeingDeleted else {
            if isOrphan(owner) { _ = delete(key, kind, gracePeriodSeconds: nil) }
            return
        }
        if owner.finalizers.contains("foregroundDeletion") { deleteForeground(owner, kind, key) }
        if owner.finalizers.contains("orphan") { orphan(owner, kind, key) }
    }

    /// Whether what controls it is gone: also found when a restart came between the two.
    private func isOrphan(_ object: JSONValue) -> Bool {
        guard let controller = object.controller, let kind = Kind.all.first(where: { $0.name == controller["kind"]?.string }) else {
            return false
        }
        return self[ObjectKey(kind: kind.id, namespace: object.namespace, name: controller["name"]?.string ?? "")]?.uid
            != controller["uid"]?.string
    }

    /// Of an owner that is gone, also where another has its name now.
    private mutating func collectOrphans(of kind: Kind, _ key: ObjectKey) {
        let present = self[key]?.uid
        for dependent in ClusterState.dependents where dependent.id != key.kind {
            for object in objects(dependent.id, in: key.namespace)
            where !object.isBeingDeleted && object.controller?["kind"]?.string == kind.name
                && object.controller?["name"]?.string == key.name
                && object.controller?["uid"]?.string != present
            {
                _ = delete(
                    ObjectKey(kind: dependent.id, namespace: key.namespace, name: object.name), dependent, gracePeriodSeconds: nil)
            }
        }
    }

    private mutating func deleteForeground(_ owner: JSONValue, _ kind: Kind, _ key: ObjectKey) {
        var left = 0
        for (dependent, object) in dependents(of: owner) {
            left += 1
            guard !object.isBeingDeleted else { continue }
            let key = ObjectKey(kind: dependent.id, namespace: key.namespace, name: object.name)
            _ = delete(key, dependent, gracePeriodSeconds: nil, propagation: "Foreground")
        }
        if left == 0 { release(owner, from: "foregroundDeletion", kind, key) }
    }

    private mutating func orphan(_ owner: JSONValue, _ kind: Kind, _ key: ObjectKey) {
        for (dependent, object) in dependents(of: owner) {
            var free = object
            let owners = (object[path: "metadata", "ownerReferences"]?.array ?? []).filter { $0["uid"]?.string != owner.uid }
            free.set(["metadata", "ownerReferences"], owners.isEmpty ? nil : .array(owners))
            put(free, as: dependent)
        }
        release(owner, from: "orphan", kind, key)
    }

    private func dependents(of owner: JSONValue) -> [(Kind, JSONValue)] {
        ClusterState.dependents.flatMap { kind in
            objects(kind.id, in: owner.namespace).filter { $0.controller?["uid"]?.string == owner.uid }.map { (kind, $0) }
        }
    }

    private mutating func release(_ owner: JSONValue, from finalizer: String, _ kind: Kind, _ key: ObjectKey) {
        let left = owner.finalizers.filter { $0.string != finalizer }
        guard !left.isEmpty else { return remove(key) }
        var released = owner
        released.set(["metadata", "finalizers"], .array(left))
        put(released, as: kind)
    }
}
