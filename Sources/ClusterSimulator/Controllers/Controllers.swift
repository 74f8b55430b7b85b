import Foundation
import JSON

/// The controllers and the kubelet: they look at what has changed, one object at a time, and bring the rest into line with it.
final class Controllers: Sendable {
    let cluster: Cluster
    /// How long a pod takes to start; other delays follow from it.
    let podDelay: Duration

    init(cluster: Cluster, podDelay: Duration) {
        self.cluster = cluster
        self.podDelay = podDelay
    }

    /// Works until the task is cancelled. Begins with everything there is: what a restart interrupted goes on.
    func run() async {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        cluster.change { state in
            state.dirty.signal = signal
            for key in state.allKeys { state.dirty.add(key) }
        }
        for await _ in signals {
            while true {
                let keys = cluster.change { $0.dirty.takeAll() }
                if keys.isEmpty { break }
                for key in keys { reconcile(key) }
            }
        }
    }

    private func reconcile(_ key: ObjectKey) {
        let steps = cluster.change { state -> [DelayedStep] in
            var steps: [DelayedStep] = []
            switch key.kind {
            case "deployments.apps": state.reconcileDeployment(key)
            case "replicasets.apps": steps += state.reconcileReplicaSet(key)
            case "statefulsets.apps": steps += state.reconcileStatefulSet(key)
            case "jobs.batch": steps += state.reconcileJob(key)
            case "pods": steps += state.reconcilePod(key)
            case "persistentvolumeclaims": state.reconcileClaim(key)
            case "namespaces": state.reconcileNamespace(key)
            case "resourcequotas": state.reconcileQuota(key)
            default: break
            }
            if state[key] == nil { state.collectOrphans(of: key) }
            return steps
        }
        for step in steps { take(step) }
    }

    /// What happens by itself after a while.
    struct DelayedStep: Sendable {
        enum Action: Sendable {
            /// The kubelet goes on with a pod; `uid` says that it is still the same one.
            case advancePod(uid: String)
            case removePod(uid: String)
            case lookAgain
        }

        let key: ObjectKey
        let action: Action
        /// In units of the pod delay.
        var delays = 1.0
    }

    private func take(_ step: DelayedStep) {
        let delay = podDelay * step.delays
        guard delay > .zero else { return perform(step) }
        Task {
            do {
                try await Task.sleep(for: delay)
            } catch {
                return  // the simulator is stopping
            }
            perform(step)
        }
    }

    private func perform(_ step: DelayedStep) {
        let next = cluster.change { state -> [DelayedStep] in
            switch step.action {
            case .advancePod(let uid): return state.advancePod(step.key, uid: uid)
            case .removePod(let uid):
                if state[step.key]?.uid == uid { state.remove(step.key) }
            case .lookAgain: state.dirty.add(step.key)
            }
            return []
        }
        for step in next { take(step) }
    }
}

extension ClusterState {
    /// Puts a status in place of the old one.
    mutating func setStatus(_ status: JSONValue, of object: JSONValue, _ kind: Kind) {
        guard object["status"] != status else { return }
        var object = object
        object["status"] = status
        put(object, as: kind)
    }

    /// Writes an Event about an object, as a component of the cluster does.
    mutating func emit(
        _ reason: String, _ message: String, about object: JSONValue, kind: Kind, isWarning: Bool = false, from component: String
    ) {
        guard let namespace = self.object(.namespace, "", object.namespace), !namespace.isBeingDeleted else { return }
        let event: JSONValue = [
            "metadata": [
                "name": .string("\(object.name).\(String(UInt64.random(in: 0 ... .max), radix: 16))"),
                "namespace": .string(object.namespace),
                "uid": .string(UUID().uuidString.lowercased()), "creationTimestamp": .string(Clock.now),
            ],
            "involvedObject": [
                "kind": .string(kind.name), "namespace": .string(object.namespace), "name": .string(object.name),
                "uid": .string(object.uid),
                "apiVersion": .string(kind.apiVersion),
            ],
            "reason": .string(reason), "message": .string(message), "type": isWarning ? "Warning" : "Normal",
            "source": ["component": .string(component)], "firstTimestamp": .string(Clock.now), "lastTimestamp": .string(Clock.now),
            "count": 1,
        ]
        put(event, as: Kind.of(.event))
    }

    /// Deletes what the object that is gone controlled.
    mutating func collectOrphans(of owner: ObjectKey) {
        guard let kind = Kind.all.first(where: { $0.id == owner.kind }), kind.isNamespaced, kind.hasGeneration else { return }
        for dependent in [Kind.of(.replicaSet), Kind.of(.job), Kind.of(.pod)] where dependent.id != owner.kind {
            for object in objects(dependent.id, in: owner.namespace)
            where object.controller?["kind"]?.string == kind.name && object.controller?["name"]?.string == owner.name
                && !object.isBeingDeleted
            {
                _ = delete(
                    ObjectKey(kind: dependent.id, namespace: owner.namespace, name: object.name), dependent, gracePeriodSeconds: nil
                )
            }
        }
    }

    /// Says in a quota's status what its namespace holds.
    mutating func reconcileQuota(_ key: ObjectKey) {
        guard let quota = self[key] else { return }
        let hard = quota[path: "spec", "hard"]?.object ?? [:]
        let used = usage.of(key.namespace)
        let counts = hard.members.map { member -> JSONObject.Member in
            (member.key, .string((used[member.key] ?? .zero).text(isBinary: QuotaAdmission.isBinary(member.key))))
        }
        setStatus(["hard": .object(hard), "used": .object(JSONObject(counts))], of: quota, Kind.of(.quota))
    }

    /// A child that the object controls.
    static func child(_ kind: Kind, of owner: JSONValue, _ ownerKind: Kind, from template: JSONValue?) -> JSONValue {
        var child: JSONValue = ["metadata": template?["metadata"] ?? [:]]
        child.set(["metadata", "namespace"], .string(owner.namespace))
        child.set(
            ["metadata", "ownerReferences"],
            [
                [
                    "apiVersion": .string(ownerKind.apiVersion), "kind": .string(ownerKind.name), "name": .string(owner.name),
                    "uid": .string(owner.uid), "controller": true, "blockOwnerDeletion": true,
                ]
            ])
        child["spec"] = template?["spec"]
        return child
    }

    func pods(of owner: JSONValue) -> [JSONValue] {
        objects(.pod, in: owner.namespace).filter { $0.controller?["uid"]?.string == owner.uid }
    }

    static func isReady(_ pod: JSONValue) -> Bool {
        pod[path: "status", "conditions"]?.array?.contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" }
            ?? false
    }

    /// A condition, its transition time kept while its status stays.
    static func condition(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String, old: JSONValue?) -> JSONValue {
        let status = isTrue ? "True" : "False"
        let before = old?[path: "status", "conditions"]?.array?.first { $0["type"]?.string == type }
        var condition: JSONValue = ["type": .string(type), "status": .string(status)]
        condition["lastTransitionTime"] = before?["status"]?.string == status ? before?["lastTransitionTime"] : .string(Clock.now)
        condition["reason"] = .string(reason)
        condition["message"] = .string(message)
        return condition
    }
}
