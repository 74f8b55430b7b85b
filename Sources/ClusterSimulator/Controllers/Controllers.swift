import Foundation
import JSON

/// The controllers and the kubelet: they look at what has changed, one object at a time, and bring the rest into line with it.
final class Controllers: Sendable {
    let cluster: Cluster
    /// How long what takes a second in a real cluster takes here.
    private let second: Duration
    /// How long a second is of a deadline that somebody has set.
    private let deadlineSecond: Duration

    /// - Parameter podDelay: how long a pod takes to start, which is a second and a half of a real cluster's.
    init(cluster: Cluster, podDelay: Duration, deadlineSecond: Duration = .seconds(1)) {
        self.cluster = cluster
        second = podDelay / 1.5
        self.deadlineSecond = deadlineSecond
    }

    /// Works until the task is cancelled. Begins with everything there is: what a restart interrupted goes on.
    func run() async {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        cluster.change { state in
            state.dirty.signal = signal
            for key in state.allKeys { state.dirty.add(key) }
        }
        signal.yield()  // what was there before may be waiting already
        let ticking = Task { try await tick() }
        defer { ticking.cancel() }
        for await _ in signals {
            while true {
                let keys = cluster.change { $0.dirty.takeAll() }
                if keys.isEmpty { break }
                for start in stride(from: 0, to: keys.count, by: Controllers.batch) {
                    reconcile(keys[start..<min(start + Controllers.batch, keys.count)])
                }
            }
        }
    }

    /// Wakes at each full minute.
    private func tick() async throws {
        while true {
            let next = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 / 60).rounded(.down) * 60 + 60)
            try await Task.sleep(for: .seconds(next.timeIntervalSinceNow))
            cluster.change { $0.passMinute(next) }
        }
    }

    /// How many objects are looked at before the lock is given to somebody else.
    private static let batch = 8

    private func reconcile(_ keys: ArraySlice<ObjectKey>) {
        for step in cluster.change({ state in keys.flatMap { state.reconcile($0) } }) { take(step) }
    }

    /// What happens by itself after a while.
    struct DelayedStep: Sendable {
        enum Action: Sendable {
            /// The kubelet goes on with a pod; `uid` says that it is still the same one.
            case advancePod(uid: String)
            case removePod(uid: String)
            case bindClaim(uid: String)
            case passDeadline(mark: String)
            case lookAgain
        }

        let key: ObjectKey
        let action: Action
        /// Of a real cluster.
        var seconds: Double
        /// Never at once, also where pods take no time: it would go round and round.
        var isRetry = false
        /// Counted in the seconds of whoever has set it, however fast the cluster is.
        var isDeadline = false
    }

    /// What a second is at least where something is tried again.
    private static let shortestRetrySecond = Duration.milliseconds(5)

    private func take(_ step: DelayedStep) {
        let unit = step.isDeadline ? deadlineSecond : step.isRetry ? max(second, Controllers.shortestRetrySecond) : second
        let delay = unit * step.seconds
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
        cluster.change { state in
            switch step.action {
            case .advancePod(let uid): state.advancePod(step.key, uid: uid)
            case .removePod(let uid): state.removePod(step.key, uid: uid)
            case .bindClaim(let uid): state.bindClaim(step.key, uid: uid)
            case .passDeadline(let mark): state.passDeadline(step.key, mark: mark)
            case .lookAgain: state.lookAgain(step.key)
            }
        }
    }
}

extension ClusterState {
    /// Has an object's controller look at it.
    mutating func reconcile(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        var steps: [Controllers.DelayedStep] = []
        switch key.kind {
        case "deployments.apps": steps = reconcileDeployment(key)
        case "replicasets.apps": steps = reconcileReplicaSet(key)
        case "statefulsets.apps": steps = reconcileStatefulSet(key)
        case "jobs.batch": steps = reconcileJob(key)
        case "pods": steps = reconcilePod(key)
        case "persistentvolumeclaims": steps = reconcileClaim(key)
        case "cronjobs.batch": reconcileCronJob(key)
        case "namespaces": steps = reconcileNamespace(key)
        case "resourcequotas": reconcileQuota(key)
        default: break
        }
        collectGarbage(of: key)
        return steps
    }

    /// Puts a status in place of the old one.
    mutating func setStatus(_ status: JSONValue, of object: JSONValue, _ kind: Kind) {
        guard object["status"] != status else { return }
        var object = object
        object["status"] = status
        put(object, as: kind)
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

    static func isReady(_ pod: JSONValue) -> Bool { PodStatus.isTrue("Ready", pod["status"]) }
}
