import JSON

extension ClusterState {
    /// A ReplicaSet for the present template, scaled up; the older ones scaled down once it is there.
    mutating func reconcileDeployment(_ key: ObjectKey) {
        let kind = Kind.of(.deployment)
        guard let deployment = self[key], !deployment.isBeingDeleted else { return }
        let wanted = deployment[path: "spec", "replicas"]?.integer ?? 1
        let hash = ClusterState.hash(of: deployment[path: "spec", "template"] ?? .null)
        let current = replicaSet(of: deployment, hash: hash, replicas: wanted)
        let all = objects(.replicaSet, in: key.namespace).filter { $0.controller?["uid"]?.string == deployment.uid }
        let ready = current[path: "status", "readyReplicas"]?.integer ?? 0
        for replicaSet in all {
            let isCurrent = replicaSet.name == current.name
            let replicas = isCurrent ? wanted : ready >= wanted ? 0 : replicaSet[path: "spec", "replicas"]?.integer ?? 0
            guard replicaSet[path: "spec", "replicas"]?.integer != replicas else { continue }
            var scaled = replicaSet
            scaled.set(["spec", "replicas"], .integer(replicas))
            put(scaled, as: Kind.of(.replicaSet))
        }
        setStatus(status(of: deployment, current: current, all: all, wanted: wanted), of: deployment, kind)
    }

    private mutating func replicaSet(of deployment: JSONValue, hash: String, replicas: Int) -> JSONValue {
        let name = "\(deployment.name)-\(hash)"
        if let existing = object(.replicaSet, deployment.namespace, name) { return existing }
        var replicaSet = ClusterState.child(Kind.of(.replicaSet), of: deployment, Kind.of(.deployment), from: nil)
        var template = deployment[path: "spec", "template"] ?? .null
        template.set(["metadata", "labels", "pod-template-hash"], .string(hash))
        var selector = deployment[path: "spec", "selector"] ?? [:]
        selector.set(["matchLabels", "pod-template-hash"], .string(hash))
        replicaSet.set(["metadata", "name"], .string(name))
        replicaSet.set(["metadata", "uid"], .string(ClusterState.uid()))
        replicaSet.set(["metadata", "creationTimestamp"], .string(Clock.now))
        replicaSet.set(["metadata", "labels"], template[path: "metadata", "labels"])
        replicaSet["spec"] = ["replicas": .integer(replicas), "selector": selector, "template": template]
        replicaSet["status"] = ["replicas": 0]
        emit(
            "ScalingReplicaSet", "Scaled up replica set \(name) from 0 to \(replicas)", about: deployment,
            kind: Kind.of(.deployment),
            from: "deployment-controller")
        return put(replicaSet, as: Kind.of(.replicaSet))
    }

    private func status(of deployment: JSONValue, current: JSONValue, all: [JSONValue], wanted: Int) -> JSONValue {
        func sum(_ field: String) -> Int { all.reduce(0) { $0 + ($1[path: "status", field]?.integer ?? 0) } }
        let available = sum("availableReplicas")
        let updated = current[path: "status", "replicas"]?.integer ?? 0
        var status: JSONValue = ["observedGeneration": deployment[path: "metadata", "generation"] ?? 1]
        for (field, count) in [
            ("replicas", sum("replicas")), ("updatedReplicas", updated), ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available), ("unavailableReplicas", max(0, wanted - available)),
        ] where count > 0 { status[field] = .integer(count) }
        let isAvailable = available >= wanted
        let isComplete = isAvailable && current[path: "status", "availableReplicas"]?.integer ?? 0 >= wanted
        var conditions = [
            ClusterState.condition(
                "Available", isAvailable, isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
                old: deployment)
        ]
        if let failure = current[path: "status", "conditions"]?.array?.first(where: { $0["type"]?.string == "ReplicaFailure" }) {
            conditions.append(failure)
        }
        conditions.append(
            ClusterState.condition(
                "Progressing", true, isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                "ReplicaSet \"\(current.name)\" \(isComplete ? "has successfully progressed." : "is progressing.")", old: deployment
            ))
        status["conditions"] = .array(conditions)
        return status
    }

    /// As many pods as are wanted, and a condition where they are refused.
    mutating func reconcileReplicaSet(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.replicaSet)
        guard let replicaSet = self[key], !replicaSet.isBeingDeleted else { return [] }
        let wanted = replicaSet[path: "spec", "replicas"]?.integer ?? 0
        let pods = pods(of: replicaSet).filter { !$0.isBeingDeleted }
        var failure: APIFailure?
        for _ in pods.count..<max(pods.count, wanted) {
            var pod = ClusterState.child(Kind.of(.pod), of: replicaSet, kind, from: replicaSet[path: "spec", "template"])
            pod.set(["metadata", "generateName"], .string(replicaSet.name + "-"))
            failure = createPod(pod, for: replicaSet, kind, "replicaset-controller")
            if failure != nil { break }
        }
        for pod in pods.sorted(by: { !ClusterState.isReady($0) && ClusterState.isReady($1) }).prefix(max(0, pods.count - wanted)) {
            _ = delete(ObjectKey(kind: "pods", namespace: key.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
        }
        let active = self.pods(of: replicaSet).filter { !$0.isBeingDeleted }
        let ready = active.count(where: ClusterState.isReady)
        var status: JSONValue = [
            "replicas": .integer(active.count), "observedGeneration": replicaSet[path: "metadata", "generation"] ?? 1,
        ]
        if ready > 0 {
            status["readyReplicas"] = .integer(ready)
            status["availableReplicas"] = .integer(ready)
        }
        if let failure {
            status["conditions"] = [
                ClusterState.condition("ReplicaFailure", true, "FailedCreate", failure.message, old: replicaSet)
            ]
        }
        setStatus(status, of: self[key] ?? replicaSet, kind)
        return failure == nil ? [] : [Controllers.DelayedStep(key: key, action: .lookAgain, delays: 3)]
    }

    mutating func createPod(_ pod: JSONValue, for owner: JSONValue, _ kind: Kind, _ component: String) -> APIFailure? {
        do {
            let created = try create(pod, Kind.of(.pod))
            emit("SuccessfulCreate", "Created pod: \(created.name)", about: owner, kind: kind, from: component)
            return nil
        } catch {
            emit("FailedCreate", "Error creating: \(error.message)", about: owner, kind: kind, isWarning: true, from: component)
            return error
        }
    }

    /// Ten letters that stand for a pod template.
    static func hash(of template: JSONValue) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a: the same after a restart, unlike Hasher
        for byte in template.canonicalBytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(
            (0..<10).map { _ in
                defer { hash /= UInt64(letters.count) }
                return letters[Int(hash % UInt64(letters.count))]
            })
    }
}
