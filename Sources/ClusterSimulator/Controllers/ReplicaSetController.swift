import JSON

extension ClusterState {
    /// As many pods as are wanted, and a condition where they are refused.
    mutating func reconcileReplicaSet(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.replicaSet)
        guard let replicaSet = self[key], !replicaSet.isBeingDeleted else { return [] }
        let wanted = replicaSet[path: "spec", "replicas"]?.integer ?? 0
        let pods = pods(of: replicaSet).filter(ClusterState.isActive)
        var failure: APIFailure?
        for _ in pods.count..<max(pods.count, wanted) {
            var pod = ClusterState.child(Kind.of(.pod), of: replicaSet, kind, from: replicaSet[path: "spec", "template"])
            pod.set(["metadata", "generateName"], .string(replicaSet.name + "-"))
            failure = createPod(pod, for: replicaSet, kind, "replicaset-controller")
            if failure != nil { break }
        }
        for pod in pods.sorted(by: { !ClusterState.isReady($0) && ClusterState.isReady($1) }).prefix(max(0, pods.count - wanted)) {
            _ = delete(ObjectKey(kind: "pods", namespace: key.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
            emit("SuccessfulDelete", "Deleted pod: \(pod.name)", about: replicaSet, kind: kind, from: "replicaset-controller")
        }
        let active = self.pods(of: replicaSet).filter(ClusterState.isActive)
        let ready = active.count(where: ClusterState.isReady)
        var status: JSONValue = ["replicas": .integer(active.count)]
        for (field, count) in [("fullyLabeledReplicas", active.count), ("readyReplicas", ready), ("availableReplicas", ready)]
        where count > 0 { status[field] = .integer(count) }
        status["observedGeneration"] = replicaSet[path: "metadata", "generation"] ?? 1
        status["terminatingReplicas"] = .integer(self.pods(of: replicaSet).count { $0.isBeingDeleted })
        var conditions = Conditions(of: replicaSet)
        if let failure {
            conditions.set("ReplicaFailure", true, "FailedCreate", failure.message)
        } else {
            conditions.remove("ReplicaFailure")
        }
        if !conditions.isEmpty { status["conditions"] = .array(conditions.all) }
        setStatus(status, of: self[key] ?? replicaSet, kind)
        return retry(key, after: failure)
    }

    static func isActive(_ pod: JSONValue) -> Bool {
        !pod.isBeingDeleted && !["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.string ?? "")
    }

    /// What was refused is tried again, after a pause that doubles with each time.
    mutating func retry(_ key: ObjectKey, after failure: APIFailure?) -> [Controllers.DelayedStep] {
        guard failure != nil else {
            failures[key] = nil
            return []
        }
        let count = failures[key, default: 0]
        guard advancing.insert("retry \(key)").inserted else { return [] }
        failures[key] = count + 1
        return [
            Controllers.DelayedStep(
                key: key, action: .lookAgain, seconds: min(1000, 0.005 * Double(1 << min(count, 18))), isRetry: true)
        ]
    }

    mutating func lookAgain(_ key: ObjectKey) {
        advancing.remove("retry \(key)")
        dirty.add(key)
    }

    mutating func createPod(
        _ pod: JSONValue, for owner: JSONValue, _ kind: Kind, _ component: String, saying said: String? = nil
    ) -> APIFailure? {
        do {
            let created = try create(pod, Kind.of(.pod))
            emit("SuccessfulCreate", said ?? "Created pod: \(created.name)", about: owner, kind: kind, from: component)
            return nil
        } catch {
            let message =
                said == nil
                ? "Error creating: \(error.message)"
                : "create Pod \(pod.name) in \(kind.name) \(owner.name) failed error: \(error.message)"
            emit("FailedCreate", message, about: owner, kind: kind, isWarning: true, from: component)
            return error
        }
    }

    /// Letters that stand for a pod template: the same after a restart, unlike Swift's hash.
    static func hash(of template: JSONValue) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in template.canonicalBytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(
            (0..<10).map { _ in
                defer { hash /= UInt64(letters.count) }
                return letters[Int(hash % UInt64(letters.count))]
            })
    }
}
