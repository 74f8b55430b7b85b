import JSON

/// Deployments: a ReplicaSet for each template, scaled up and down within the limits of the strategy, and what can be said of it.
extension ClusterState {
    mutating func reconcileDeployment(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.deployment)
        guard let deployment = self[key] else { return [] }
        let mine = objects(.replicaSet, in: key.namespace).filter { $0.controller?["uid"]?.string == deployment.uid }
        guard !deployment.isBeingDeleted else {
            setStatus(rolloutStatus(of: deployment, current: nil, all: mine).json, of: deployment, kind)
            return []
        }
        let hash = ClusterState.hash(of: deployment[path: "spec", "template"] ?? .null)
        let name = "\(deployment.name)-\(hash)"
        guard let current = mine.first(where: { $0.name == name }) else {
            begin(deployment, name: name, hash: hash, olds: mine)
            return []
        }
        guard
            current[path: "metadata", "annotations", "deployment.kubernetes.io/revision"]
                == deployment.annotations[Rollout.revision]
        else {
            adopt(current, in: deployment, olds: mine)
            return []
        }
        let rollout = Rollout(of: deployment, current: current, all: mine)
        for (replicaSet, replicas) in rollout.scales {
            scale(replicaSet, to: replicas, of: deployment)
        }
        let all = mine.map { self[ObjectKey(kind: "replicasets.apps", namespace: key.namespace, name: $0.name)] ?? $0 }
        let status = rolloutStatus(of: deployment, current: all.first { $0.name == name }, all: all)
        setStatus(status.json, of: self[key] ?? deployment, kind)
        return deadline(of: deployment, status.conditions, key)
    }

    /// Looks again when the rollout should be over.
    private mutating func deadline(of deployment: JSONValue, _ conditions: Conditions, _ key: ObjectKey) -> [Controllers
        .DelayedStep]
    {
        let generation = deployment[path: "metadata", "generation"]?.integer ?? 0
        let mark = "deadline \(deployment.uid) \(generation)"
        let isOpen = ["ReplicaSetUpdated", "NewReplicaSetCreated"].contains(conditions.reason(of: "Progressing"))
        guard isOpen else {
            advancing.remove(mark)
            overdue.remove(mark)
            return []
        }
        guard advancing.insert(mark).inserted else { return [] }
        let seconds = deployment[path: "spec", "progressDeadlineSeconds"]?.integer ?? 600
        return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: Double(seconds), isDeadline: true)]
    }

    mutating func passDeadline(_ key: ObjectKey, mark: String) {
        guard advancing.remove(mark) != nil, self[key] != nil else { return }
        overdue.insert(mark)
        dirty.add(key)
    }

    /// A new ReplicaSet: first it is said that there is one, then it is scaled.
    private mutating func begin(_ deployment: JSONValue, name: String, hash: String, olds: [JSONValue]) {
        var replicaSet = ClusterState.child(Kind.of(.replicaSet), of: deployment, Kind.of(.deployment), from: nil)
        var template = deployment[path: "spec", "template"] ?? .null
        template.set(["metadata", "labels", "pod-template-hash"], .string(hash))
        var selector = deployment[path: "spec", "selector"] ?? [:]
        selector.set(["matchLabels", "pod-template-hash"], .string(hash))
        let revision = String((olds.compactMap { $0.annotations[Rollout.revision]?.string.flatMap { Int($0) } }.max() ?? 0) + 1)
        let replicas = Rollout.replicasOfNew(deployment, olds: olds)
        replicaSet.set(["metadata", "name"], .string(name))
        replicaSet.set(["metadata", "uid"], .string(ClusterState.uid()))
        replicaSet.set(["metadata", "creationTimestamp"], .string(Clock.now))
        replicaSet.set(["metadata", "labels"], template[path: "metadata", "labels"])
        replicaSet.set(["metadata", "annotations"], [Rollout.revision: .string(revision)])
        replicaSet["spec"] = ["replicas": .integer(replicas), "selector": selector, "template": template]
        replicaSet["status"] = ["replicas": 0]
        var conditions = Conditions(of: deployment)
        conditions.renew("Progressing", true, "NewReplicaSetCreated", "Created new replica set \"\(name)\"")
        var marked = deployment
        marked.set(["metadata", "annotations", Rollout.revision], .string(revision))
        marked.set(["status", "conditions"], .array(conditions.all))
        put(marked, as: Kind.of(.deployment))
        put(replicaSet, as: Kind.of(.replicaSet))
        emit(
            "ScalingReplicaSet", "Scaled up replica set \(name) from 0 to \(replicas)", about: deployment,
            kind: Kind.of(.deployment), from: "deployment-controller")
    }

    /// A template that was there before is the newest revision again.
    private mutating func adopt(_ current: JSONValue, in deployment: JSONValue, olds: [JSONValue]) {
        let newest = olds.compactMap { $0.annotations[Rollout.revision]?.string.flatMap { Int($0) } }.max() ?? 0
        let own = current.annotations[Rollout.revision]?.string.flatMap { Int($0) } ?? 0
        let revision = JSONValue.string(String(own == newest ? own : newest + 1))
        var marked = deployment
        marked.set(["metadata", "annotations", Rollout.revision], revision)
        put(marked, as: Kind.of(.deployment))
        var replicaSet = current
        replicaSet.set(["metadata", "annotations", Rollout.revision], revision)
        put(replicaSet, as: Kind.of(.replicaSet))
    }

    private mutating func scale(_ replicaSet: JSONValue, to replicas: Int, of deployment: JSONValue) {
        let before = replicaSet[path: "spec", "replicas"]?.integer ?? 0
        guard before != replicas else { return }
        var scaled = replicaSet
        scaled.set(["spec", "replicas"], .integer(replicas))
        put(scaled, as: Kind.of(.replicaSet))
        let direction = replicas > before ? "up" : "down"
        emit(
            "ScalingReplicaSet", "Scaled \(direction) replica set \(replicaSet.name) from \(before) to \(replicas)",
            about: deployment, kind: Kind.of(.deployment), from: "deployment-controller")
    }

    /// - Parameter current: nil where the deployment is going.
    private func rolloutStatus(of deployment: JSONValue, current: JSONValue?, all: [JSONValue]) -> (
        json: JSONValue, conditions: Conditions
    ) {
        func sum(_ field: String) -> Int { all.reduce(0) { $0 + ($1[path: "status", field]?.integer ?? 0) } }
        let wanted = deployment[path: "spec", "replicas"]?.integer ?? 1
        let generation = deployment[path: "metadata", "generation"] ?? 1
        let old = deployment["status"]
        let terminating = objects(.pod, in: deployment.namespace).count { pod in
            pod.isBeingDeleted && all.contains { $0.uid == pod.controller?["uid"]?.string }
        }
        let replicas = sum("replicas")
        let available = sum("availableReplicas")
        let ready = sum("readyReplicas")
        let updated = current?[path: "status", "replicas"]?.integer ?? 0
        let total = all.reduce(0) { $0 + ($1[path: "spec", "replicas"]?.integer ?? 0) }
        var status: JSONValue = ["observedGeneration": generation]
        for (field, count) in [
            ("replicas", replicas), ("updatedReplicas", updated), ("readyReplicas", ready), ("availableReplicas", available),
            ("unavailableReplicas", max(0, total - available)),
        ] where count > 0 { status[field] = .integer(count) }
        status["terminatingReplicas"] = .integer(terminating)
        var conditions = Conditions(of: deployment)
        let minimum = wanted - Rollout.limits(of: deployment).unavailable
        if available >= minimum {
            conditions.set("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            conditions.set("Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        }
        if let current {
            let isSettled = replicas == updated && conditions.reason(of: "Progressing") == "NewReplicaSetAvailable"
            let isComplete = updated == wanted && replicas == wanted && available == wanted
            let mark = "deadline \(deployment.uid) \(deployment[path: "metadata", "generation"]?.integer ?? 0)"
            func was(_ field: String) -> Int { old?[field]?.integer ?? 0 }
            let hasProgressed =
                updated > was("updatedReplicas") || replicas - updated < was("replicas") - was("updatedReplicas")
                || ready > was("readyReplicas") || available > was("availableReplicas")
            if !isSettled {
                let title = "ReplicaSet \"\(current.name)\""
                if isComplete {
                    conditions.set("Progressing", true, "NewReplicaSetAvailable", "\(title) has successfully progressed.")
                } else if hasProgressed {
                    conditions.renew("Progressing", true, "ReplicaSetUpdated", "\(title) is progressing.")
                } else if overdue.contains(mark) {
                    conditions.set("Progressing", false, "ProgressDeadlineExceeded", "\(title) has timed out progressing.")
                }
            }
            let failure = all.compactMap { Conditions(of: $0)["ReplicaFailure"] }.first
            if let failure {
                conditions.set("ReplicaFailure", true, failure["reason"]?.string ?? "", failure["message"]?.string ?? "")
            } else {
                conditions.remove("ReplicaFailure")
            }
        }
        if !conditions.isEmpty { status["conditions"] = .array(conditions.all) }
        return (status, conditions)
    }
}

/// How many pods each ReplicaSet of a deployment should have now (kubernetes/pkg/controller/deployment, `rolling.go`).
struct Rollout {
    static let revision = "deployment.kubernetes.io/revision"

    /// What is to be scaled, and to how many.
    private(set) var scales: [(JSONValue, Int)] = []

    init(of deployment: JSONValue, current: JSONValue, all: [JSONValue]) {
        let wanted = deployment[path: "spec", "replicas"]?.integer ?? 1
        let olds = all.filter { $0.name != current.name }
        func spec(_ set: JSONValue) -> Int { set[path: "spec", "replicas"]?.integer ?? 0 }
        func available(_ set: JSONValue) -> Int { set[path: "status", "availableReplicas"]?.integer ?? 0 }
        let limits = Rollout.limits(of: deployment)
        let total = all.reduce(0) { $0 + spec($1) }
        if deployment[path: "spec", "strategy", "type"]?.string == "Recreate" {
            for old in olds where spec(old) > 0 { scales.append((old, 0)) }
            let remaining = olds.contains { $0[path: "status", "replicas"]?.integer ?? 0 > 0 }
            if !remaining, olds.allSatisfy({ spec($0) == 0 }) { scales.append((current, wanted)) }
            return
        }
        if spec(current) > wanted {
            scales.append((current, wanted))
        } else if spec(current) < wanted {
            let room = olds.allSatisfy { spec($0) == 0 } ? wanted : wanted + limits.surge - total
            scales.append((current, min(wanted, spec(current) + max(0, room))))
        }
        let currentUnavailable = spec(current) - available(current)
        var removable = total - (wanted - limits.unavailable) - currentUnavailable
        for old in olds.sorted(by: { available($0) < available($1) }) where spec(old) > 0 && removable > 0 {
            let count = min(spec(old), removable)
            scales.append((old, spec(old) - count))
            removable -= count
        }
    }

    static func replicasOfNew(_ deployment: JSONValue, olds: [JSONValue]) -> Int {
        let wanted = deployment[path: "spec", "replicas"]?.integer ?? 1
        let running = olds.reduce(0) { $0 + ($1[path: "spec", "replicas"]?.integer ?? 0) }
        if deployment[path: "spec", "strategy", "type"]?.string == "Recreate" { return running > 0 ? 0 : wanted }
        return min(wanted, max(0, wanted + limits(of: deployment).surge - running))
    }

    /// How many pods there may be beside and below what is wanted; a share is rounded up for the one and down for the other.
    static func limits(of deployment: JSONValue) -> (surge: Int, unavailable: Int) {
        let wanted = deployment[path: "spec", "replicas"]?.integer ?? 1
        func count(_ field: String, _ rounding: FloatingPointRoundingRule) -> Int {
            let value = deployment[path: "spec", "strategy", "rollingUpdate", field]
            if let number = value?.integer { return number }
            let share = value?.string.flatMap { Double($0.dropLast()) } ?? 0
            return Int((Double(wanted) * share / 100).rounded(rounding))
        }
        let surge = count("maxSurge", .up)
        let unavailable = count("maxUnavailable", .down)
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
    }
}
