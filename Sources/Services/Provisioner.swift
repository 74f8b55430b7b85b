import Engines
import FailPoints
import Foundation
package import Gateway
import Kubernetes
package import Postgres
import Repository
import Stores
import Synchronization

/// Brings every store that is due to what is wanted of it: claims it, looks at the cluster, acts, records, lets go.
package struct Provisioner: Sendable {
    package struct Settings: Sendable {
        /// Stores worked on at once.
        package var concurrency = 16
        /// How long an attempt may take before the store is called failed.
        package var timeout: Duration = .seconds(600)
        /// How long a claim or a heartbeat holds.
        package var lease: Duration = .seconds(30)

        package init() {}

        var terms: LeaseKeeper.Terms { .init(lease: lease) }
    }

    /// A pass that takes longer than this begins again from a fresh look.
    private static let passLimit: Duration = .seconds(120)

    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let settings: Settings
    private let keeper: LeaseKeeper
    private let outages = Outages()
    private let log: @Sendable (String) -> Void

    package init(
        pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, settings: Settings,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.settings = settings
        self.log = log
        keeper = LeaseKeeper(terms: settings.terms, configuration: pool.configuration, log: log)
    }

    // MARK: The queue

    private enum Wake { case due, passEnded, tick }

    /// Works until the task is cancelled; then ends the passes that are under way and hands their leases back.
    package func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Wake.self)
        // Discarding: another kind of group keeps every pass that has ended until somebody asks for its result.
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in bulletin.work() { wake.yield(.due) } }
            group.addTask { await tick(wake) }
            group.addTask { await keeper.run() }
            var running = 0
            var looksAtEverything = false
            wake.yield(.tick)
            for await cause in wakes {
                if cause == .passEnded { running -= 1 }
                if cause == .tick { looksAtEverything = true }
                let limit = settings.concurrency - running
                guard limit > 0, !Task.isCancelled else { continue }
                let sentAt = ContinuousClock.now
                let leases = await claim(limit, dueWithin: looksAtEverything ? nil : WorkRepository.lately)
                // There may be more of what has been due for long.
                looksAtEverything = looksAtEverything && leases.count == limit
                for lease in leases {
                    running += 1
                    group.addTask {
                        await keeper.holding(lease, sentAt: sentAt) { held in await pass(held) }
                        wake.yield(.passEnded)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Notifications are hints: a poll each second stands behind them.
    private func tick(_ wake: AsyncStream<Wake>.Continuation) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
                wake.yield(.tick)
            } catch {
                break  // cancelled: the only error of a sleep
            }
        }
        wake.finish()
    }

    private func claim(_ limit: Int, dueWithin: Duration?) async -> [Lease] {
        do {
            let leases = try await pool.withConnection { db in
                FailPoint.reach(.claimBefore)
                let leases = try WorkRepository.claim(limit: limit, lease: settings.lease, dueWithin: dueWithin, on: db)
                if !leases.isEmpty { FailPoint.reach(.claimAfter) }
                return leases
            }
            for lease in leases where lease.isTakenOver {
                log("The store \(lease.storeID) was taken over: the lease of the worker that held it had run out.")
            }
            return leases
        } catch {
            if !Task.isCancelled { log("No work can be claimed; tried again in a second: \(error)") }
            outages.note()
            return []
        }
    }

    // MARK: One pass

    private func pass(_ held: HeldLease) async {
        let lease = held.lease
        let end = ContinuousClock.now + Provisioner.passLimit
        do {
            try await KubernetesClient.$bound.withValue(.init { min(held.trustedUntil, end) }) { try await work(under: held) }
        } catch {
            let isStopping = Task.isCancelled
            if !isStopping { log("A pass over the store \(lease.storeID) did not end well: \(error)") }
            if !(error is LeaseLost) {
                await handBack(lease, after: isStopping ? .zero : pause(after: lease.attempt), isStopping ? .notTried : .noProgress)
            }
        }
    }

    private func handBack(_ lease: Lease, after pause: Duration, _ outcome: WorkRepository.Outcome) async {
        // In a task of its own: that of the pass may have been cancelled, and the lease is to be given back all the same.
        let handingBack = Task.detached {
            try await pool.withConnection { db in
                FailPoint.reach(.handBackBefore)
                try WorkRepository.handBack(lease, after: pause, outcome, on: db)
                FailPoint.reach(.handBackAfter)
            }
        }
        if case .failure(let error) = await handingBack.result { log("The lease on \(lease.storeID) runs out by itself: \(error)") }
    }

    private func pause(after attempt: Int) -> Duration {
        let ceiling = min(15_000, 1000 << min(attempt, 4))
        return .milliseconds(Int.random(in: ceiling / 2...ceiling))
    }

    private func work(under held: HeldLease) async throws {
        let lease = held.lease
        guard let store = try await pool.withConnection({ db in try StoreRepository.find(lease.storeID, on: db) }),
            let stages = EngineRegistry.stages(of: store, on: gateway.platform), store.phase != .deleted
        else {
            return try await pool.withConnection { db in try WorkRepository.finish(lease, on: db) }
        }
        if store.phase == .failed, store.desired == .running {
            // nothing is tried before somebody asks
            return try await pool.withConnection { db in try WorkRepository.finish(lease, on: db) }
        }
        var pass = Pass(
            store: store, stages: stages,
            manifestsHash: EngineRegistry.manifestsHash(store.engine, store.plan, on: gateway.platform))
        do {
            try await bringAbout(&pass)
        } catch let error as KubernetesError {
            guard held.isTrusted else { throw LeaseLost() }
            try pass.meet(error)
        }
        outages.note(pass)
        guard held.isTrusted else { throw LeaseLost() }
        try await Recorder(pool: pool, bulletin: bulletin, platform: gateway.platform).record(
            pass, lease, pause: pause(after: lease.attempt))
    }

    /// Looks, decides and acts until there is nothing more to do at this moment.
    private func bringAbout(_ pass: inout Pass) async throws {
        guard let observation = try await act(&pass), pass.followsSetup else { return }
        pass.setupSteps = try await gateway.setupSteps(of: pass.store.id, in: observation)
    }

    /// - Returns: what was seen last; nil where there is nothing left to see.
    private func act(_ pass: inout Pass) async throws -> Observation? {
        let store = pass.store
        var observation = try await gateway.observe(store.id, everything: false)
        for _ in 0..<10 {
            let decision = decide(pass, observation)
            if decision.needsEverything {
                try await gateway.complete(&observation, of: store.id)
                continue
            }
            // What was only just written has nothing to complain of yet.
            if decision.isUnwell, pass.written.isEmpty, observation.warnings.isEmpty, observation.namespace != nil {
                try await gateway.readWarnings(of: store.id, into: &observation)
                pass.take(decide(pass, observation), observation)
            } else {
                pass.take(decision, observation)
            }
            guard !decision.actions.isEmpty else { return observation }
            for action in decision.actions {
                switch action {
                case .write(let stage, let manifests):
                    pass.note(manifests, of: stage, in: observation)
                    observation = try await gateway.write(manifests, into: observation)
                case .verify(let manifests):
                    pass.note(changed: try await gateway.verify(manifests, in: &observation))
                case .removeNamespace(let uid):
                    try await gateway.removeNamespace(of: store.id, uid: uid)
                    return nil
                case .removeJob(let name, let uid):
                    try await gateway.removeJob(name, uid: uid, of: store.id)
                    observation.jobs.removeAll { $0.metadata.name == name }
                    observation.hashes[ObjectID(kind: Resource.job.kind, name: name)] = nil
                }
            }
            if decision.writesClaims { try await gateway.refreshClaims(of: store.id, in: &observation) }
        }
        return observation
    }

    private func decide(_ pass: Pass, _ observation: Observation) -> Decision {
        Decision.about(
            pass.store, stages: pass.stages, observation: observation, now: Date(),
            deadline: max(pass.store.attemptedAt, outages.last(of: pass.store)) + Double(settings.timeout.components.seconds),
            installID: gateway.platform.installID)
    }
}

/// The lease was lost: another works on the store, and what this pass saw is not written.
struct LeaseLost: Error, CustomStringConvertible {
    var description: String { "Its lease was lost; another worker goes on." }
}

/// When nobody could look last: a store is not to blame for what it did not become in that time, so its deadline counts from there.
private final class Outages: Sendable {
    private struct State {
        var ofAll = Date.now
        var byStore: [StoreID: Date] = [:]
    }

    private let state = Mutex(State())

    /// The beginning of this process counts as one: before it perhaps nobody looked either. So does a last look, perhaps another worker's, that
    /// could find out nothing.
    func last(of store: Store) -> Date {
        state.withLock { state in
            if store.reason == Pass.interruption { state.byStore[store.id] = .now }  // nothing was found out until this look
            return max(state.ofAll, state.byStore[store.id] ?? .distantPast)
        }
    }

    func note() { state.withLock { $0.ofAll = .now } }

    func note(_ pass: Pass) {
        state.withLock { state in
            if pass.isInterrupted {
                state.byStore[pass.store.id] = .now
            } else if pass.isSettled || pass.phase == .failed {
                state.byStore[pass.store.id] = nil
            }
        }
    }
}
