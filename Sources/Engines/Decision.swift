package import Foundation
import Kubernetes
package import Stores

/// What is to be done about a store now: a pure function of the row, its engine's stages, what the cluster shows, and the time.
package struct Decision: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        /// Make or mend the objects of a stage.
        case write(StageName, [Manifest])
        /// Remove the namespace with this uid, with its pods and claims.
        case removeNamespace(uid: String)
        /// Remove a Job that failed in an attempt before the present one: its template cannot be run again otherwise.
        case removeJob(name: String, uid: String)
        /// Somebody has changed something: send every manifest again and see what that puts right.
        case verify([Manifest])
    }

    /// In this order; an action is carried out only when the one before it has been.
    package var actions: [Action] = []
    /// What has happened to the store, if anything.
    package var event: PhaseEvent?
    /// Why it is where it is.
    package var cause: Cause?
    package var stages: [StageName: StageState] = [:]
    /// Nothing can be decided before every kind of object has been read.
    package var needsEverything = false
    /// The namespace of the store's name is another's.
    package var isForeign = false
    /// Everything is as it should be, though a store that falls and rises by turns is not called ready yet.
    package var isWell = false
    /// Whether the store is as it is wanted, so that nobody need look again before something changes.
    package var isSettled = false

    package init() {}
}

extension Decision {
    /// How long before it would be given up a store in the making is asked whether what it was given is still there. Not sooner: where thousands
    /// are made at once each is late, and to read everything at every look would make all of them later.
    private static let lastChance: TimeInterval = 60

    /// - Parameter deadline: when an attempt at provisioning has taken too long.
    package static func about(
        _ store: Store, stages: [Stage], observation: Observation, now: Date, deadline: Date, installID: String
    ) -> Decision {
        if let namespace = observation.namespace, let refusal = foreign(namespace, store, installID) { return refusal }
        switch store.desired {
        case .absent: return aboutRemoval(store, observation)
        case .running: return aboutRunning(store, stages, observation, now: now, deadline: deadline)
        case .suspended: return Decision(settled: true)
        }
    }

    private init(settled: Bool) { isSettled = settled }

    /// A namespace of the store's name that is not the store's is never touched. The one that was made for it stays its own when its labels
    /// are taken from it, unless they say that it is another installation's.
    private static func foreign(_ namespace: Namespace, _ store: Store, _ installID: String) -> Decision? {
        let labels = namespace.metadata.labels
        let isMarked = labels[Labels.id] == store.id.text && labels[Labels.install] == installID
        let isKnown = namespace.metadata.uid == store.namespaceUID && (labels[Labels.install] ?? installID) == installID
        guard !isMarked, !isKnown else { return nil }
        var decision = Decision()
        decision.isForeign = true
        decision.cause = Cause(
            "foreign_namespace",
            "The namespace \(store.id.namespace) exists and does not carry this installation's labels, so it is left as it is. Remove or relabel it, then retry."
        )
        if store.desired == .absent {
            decision.event = .namespaceGone  // ours is not there
            decision.isSettled = true
        } else {
            decision.event = .gaveUp
        }
        return decision
    }

    private static func aboutRemoval(_ store: Store, _ observation: Observation) -> Decision {
        var decision = Decision()
        guard let namespace = observation.namespace else {
            decision.event = .namespaceGone
            decision.isSettled = true
            return decision
        }
        if !namespace.isTerminating { decision.actions = [.removeNamespace(uid: namespace.metadata.uid)] }
        decision.cause = Cause(
            "removing", holdUp(of: namespace) ?? "Waiting for the cluster to remove the namespace \(namespace.metadata.name).")
        return decision
    }

    /// What a namespace that terminates says of itself.
    private static func holdUp(of namespace: Namespace) -> String? {
        let telling = namespace.conditions.filter { condition in
            condition.isTrue && condition.type.hasPrefix("Namespace") && condition.type != "NamespaceContentRemaining"
        }
        guard let condition = telling.first else { return nil }
        return "The namespace \(namespace.metadata.name) cannot be removed yet: \(condition.words)"
    }

    private static func aboutRunning(
        _ store: Store, _ stages: [Stage], _ observation: Observation, now: Date, deadline: Date
    ) -> Decision {
        var decision = Decision()
        if let namespace = observation.namespace, namespace.isTerminating {
            decision.cause = Cause(
                "namespace_terminating",
                holdUp(of: namespace) ?? "The namespace was deleted and is on its way out; it is made again as soon as it has gone."
            )
            return decision
        }
        if observation.namespace == nil, store.isLive { decision.event = .namespaceLost }
        // Something that runs is there only if everything it needs was there before: the rest need not be read again to go on.
        let trustsEarlier = !observation.isComplete && observation.hasWorkloads
        guard observation.isComplete || observation.namespace == nil || trustsEarlier else {
            decision.needsEverything = true
            return decision
        }
        decision.walk(stages, observation, store, trustsEarlier: trustsEarlier)
        decision.conclude(store, stages, observation, now: now, deadline: deadline)
        return decision
    }

    /// Finds the state of each stage in turn, and what to write for those that may begin.
    private mutating func walk(_ all: [Stage], _ observation: Observation, _ store: Store, trustsEarlier: Bool) {
        for stage in all {
            guard stage.needs.allSatisfy({ self.stages[$0] == .ready }) else {
                self.stages[stage.name] = .blocked
                continue
            }
            let isKnown = !trustsEarlier || stage.hasWorkloads
            let missing = isKnown ? stage.missing(in: observation) : []
            if observation.mayHoldData(of: store),
                let secret = missing.first(where: { $0.isMadeOnce && observation.hashes[$0.id] == nil })
            {
                self.stages[stage.name] = .failed(Stage.lossOfPasswords(secret))
            } else if let job = stage.failedJob(in: observation, before: store.attemptedAt) {
                actions.append(.removeJob(name: job.metadata.name, uid: job.metadata.uid))
                self.stages[stage.name] = .missing
            } else if missing.isEmpty {
                self.stages[stage.name] = isKnown ? stage.state(in: observation, isLive: store.isLive) : .ready
            } else {
                actions.append(.write(stage.name, missing))
                // Objects that only have to be there are ready once they are written, which comes before the next action.
                self.stages[stage.name] = stage.isReadyOnceWritten ? .ready : .missing
            }
        }
    }

    private mutating func conclude(_ store: Store, _ all: [Stage], _ observation: Observation, now: Date, deadline: Date) {
        if let failure = all.compactMap({ stages[$0.name]?.failure }).first {
            cause = failure
            event = store.isLive ? .becameUnwell : .gaveUp
            actions = []
            return
        }
        if all.allSatisfy({ stages[$0.name] == .ready }) {
            guard observation.isComplete || observation.namespace == nil else {
                needsEverything = true  // ready is said only of what has been read whole
                return
            }
            isWell = actions.isEmpty
            if isWell, observation.isSuspect(of: store) {
                actions = [.verify(all.flatMap(\.manifests))]
                return
            }
            let remainder = store.steadiness.seen(well: true, at: now).remainder(at: now)
            if store.phase == .degraded, event == nil, remainder > 0 {
                let times = store.steadiness.relapses
                cause = Cause(
                    "recovering",
                    "It answers again; as it was lost \(times) times in a short while, it is watched before it is called ready.")
                return
            }
            if store.phase != .ready { event = event ?? .becameReady }
            isSettled = true
            return
        }
        let isLastChance = now > max(store.attemptedAt + Decision.lastChance, deadline - Decision.lastChance)
        // What holds it up may lie in what was taken for granted: a Service that is gone, a policy that somebody has altered.
        if actions.isEmpty, observation.namespace != nil, store.isLive || isLastChance {
            guard observation.isComplete else {
                needsEverything = true
                return
            }
            if observation.isSuspect(of: store) {
                let begun = store.isLive ? all : all.filter { stages[$0.name] != .blocked }
                actions = [.verify(begun.flatMap(\.manifests))]
                return
            }
        }
        cause = all.compactMap { stages[$0.name]?.wait }.first
        if store.phase == .ready, event == nil, actions.isEmpty { event = .becameUnwell }
        if store.phase == .pending { event = .started }
        if store.phase == .pending || store.phase == .provisioning, now > deadline {
            event = .gaveUp
            actions = []
            let waiting = cause.map { " \($0.message)" } ?? ""
            cause = Cause(
                cause?.reason ?? "deadline", "The store did not become ready in time.\(waiting) Mend the cause and retry.")
        }
    }
}

extension Observation {
    /// Whether it is to be seen if somebody has changed something. What was altered before it was ever found right shows only by whose hand it
    /// was.
    fileprivate func isSuspect(of store: Store) -> Bool {
        guard !isVerified else { return false }
        return store.isLive ? store.seal == nil || seal?.text != store.seal : isTouchedByOthers
    }
}

extension Stage {
    /// A Job of the stage that has failed for good and was made before a moment. The server's times are whole seconds.
    fileprivate func failedJob(in observation: Observation, before moment: Date) -> Job? {
        observation.jobs.first { job in
            job.failure != nil && manifests.contains { $0.resource == .job && $0.name == job.metadata.name }
                && (job.metadata.createdAt ?? .distantFuture) < moment
        }
    }

    /// What pods were started with is in their memory and in the database, and cannot be made again.
    fileprivate static func lossOfPasswords(_ secret: Manifest) -> Cause {
        Cause(
            "credentials_lost",
            "The Secret “\(secret.name)” with the store's passwords is gone from its namespace, and new ones would not open the database. Put it back from a backup, or delete the store."
        )
    }

    var hasWorkloads: Bool { manifests.contains { [.statefulSet, .deployment, .job].contains($0.resource) } }

    /// Whether nothing of it has to become anything: it is there, and that is all.
    var isReadyOnceWritten: Bool { !hasWorkloads && !manifests.contains { $0.resource == .persistentVolumeClaim } }
}
