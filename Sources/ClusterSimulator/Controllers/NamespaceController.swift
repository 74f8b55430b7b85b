import JSON

/// Namespaces that are to go: emptied, and let go once nothing is left in them; what holds one up is said in its conditions.
extension ClusterState {
    mutating func reconcileNamespace(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard let namespace = self[key], namespace.isBeingDeleted else { return [] }
        let mark = "deadline \(namespace.uid)"
        // What is in it goes at once; the real controller comes round after five seconds to see what is left.
        guard overdue.contains(mark) else {
            guard advancing.insert(mark).inserted else { return [] }
            empty(key.name)
            return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: 5)]
        }
        empty(key.name)
        var held: [String: Int] = [:]
        var remaining: [String: Int] = [:]
        for kind in Kind.all where kind.isNamespaced {
            let left = objects(kind.id, in: key.name)
            if !left.isEmpty { remaining[kind.id.contains(".") ? kind.id : kind.id + "."] = left.count }
            for finalizer in left.flatMap(\.finalizers).compactMap(\.string) { held[finalizer, default: 0] += 1 }
        }
        if remaining.isEmpty, namespace.finalizers.isEmpty {
            overdue.remove(mark)
            remove(key)
            return []
        }
        var status: JSONValue = ["phase": "Terminating"]
        status["conditions"] = .array(conditions(of: namespace, remaining, held))
        setStatus(status, of: namespace, Kind.of(.namespace))
        return []
    }

    private mutating func empty(_ namespace: String) {
        for kind in Kind.all where kind.isNamespaced {
            for object in objects(kind.id, in: namespace) where !object.isBeingDeleted {
                _ = delete(ObjectKey(kind: kind.id, namespace: namespace, name: object.name), kind, gracePeriodSeconds: nil)
            }
        }
    }

    private func conditions(of namespace: JSONValue, _ remaining: [String: Int], _ held: [String: Int]) -> [JSONValue] {
        func list(_ counts: [String: Int], _ word: String) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \(word) \($0.value) resource instances" }.joined(separator: ", ")
        }
        func condition(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) -> JSONValue {
            let status = isTrue ? "True" : "False"
            let old = Conditions(of: namespace)[type]
            return [
                "type": .string(type), "status": .string(status),
                "lastTransitionTime": old?["status"]?.string == status ? old?["lastTransitionTime"] ?? .null : .string(Clock.now),
                "reason": .string(reason), "message": .string(message),
            ]
        }
        return [
            condition(
                "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"),
            condition(
                "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed"),
            condition(
                "NamespaceDeletionContentFailure", false, "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"),
            remaining.isEmpty
                ? condition("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed")
                : condition(
                    "NamespaceContentRemaining", true, "SomeResourcesRemain",
                    "Some resources are remaining: \(list(remaining, "has"))"),
            held.isEmpty
                ? condition(
                    "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished")
                : condition(
                    "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: \(list(held, "in"))"),
        ]
    }
}
