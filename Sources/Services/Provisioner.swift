import Engines
import Foundation
package import Gateway
import Kubernetes
package import Postgres
import Repository
import Stores

/// Brings every store that is due to what is wanted of it: claims it, looks at the cluster, acts, records, lets go.
package struct Provisioner: Sendable {
    package struct Settings: Sendable {
        /// Stores worked on at once.
        package var concurrency = 16
        /// How long an attempt may take before the store is called failed.
        package var timeout: Duration = .seconds(600)
        /// How long a claim holds. A pass ends itself well before.
        package var lease: Duration = .seconds(30)

        package init() {}

        /// A pass that was paused past its lease must not find itself in the middle of a call to the cluster.
        var passLimit: Duration { lease * 2 / 3 }
    }

    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let settings: Settings
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
    }

    // MARK: The queue

    private enum Wake { case due, passEnded }

    /// Works until the task is cancelled; then ends the passes that are under way and hands their leases back.
    package func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Wake.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in bulletin.work() { wake.yield(.due) } }
            group.addTask { await tick(wake) }
            var running = 0
            wake.yield(.due)
            for await cause in wakes {
                if cause == .passEnded { running -= 1 }
                guard running < settings.concurrency, !Task.isCancelled else { continue }
                for lease in await claim(settings.concurrency - running) {
                    running += 1
                    group.addTask {
                        await pass(lease)
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
                wake.yield(.due)
            } catch {
                break  // cancelled: the only error of a sleep
            }
        }
        wake.finish()
    }

    private func claim(_ limit: Int) async -> [Lease] {
        do {
            return try await pool.withConnection { db in try WorkRepository.claim(limit: limit, lease: settings.lease, on: db) }
        } catch {
            log("No work can be claimed; tried again in a second: \(error)")
            return []
        }
    }

    // MARK: One pass

    private func pass(_ lease: Lease) async {
        let deadline = ContinuousClock.now + settings.passLimit
        do {
            try await KubernetesClient.$deadline.withValue(deadline) { try await work(on: lease) }
        } catch {
            let isStopping = Task.isCancelled
            if !isStopping { log("A pass over the store \(lease.storeID) did not end well: \(error)") }
            await handBack(lease, after: isStopping ? .zero : pause(after: lease.attempt), countsAttempt: !isStopping)
        }
    }

    private func handBack(_ lease: Lease, after pause: Duration, countsAttempt: Bool) async {
        // In a task of its own: that of the pass may have been cancelled, and the lease is to be given back all the same.
        let handingBack = Task.detached {
            try await pool.withConnection { db in
                try WorkRepository.handBack(lease, after: pause, countsAttempt: countsAttempt, on: db)
            }
        }
        if case .failure(let error) = await handingBack.result { log("The lease on \(lease.storeID) runs out by itself: \(error)") }
    }

    private func pause(after attempt: Int) -> Duration {
        let ceiling = min(15_000, 1000 << min(attempt, 4))
        return .milliseconds(Int.random(in: ceiling / 2...ceiling))
    }

    private func work(on lease: Lease) async throws {
        guard let store = try await pool.withConnection({ db in try StoreRepository.find(lease.storeID, on: db) }),
            let stages = EngineRegistry.stages(of: store, on: gateway.platform), store.phase != .deleted
        else {
            return try await pool.withConnection { db in try WorkRepository.finish(lease, on: db) }
        }
        if store.phase == .failed, store.desired == .running {
            // nothing is tried before somebody asks
            return try await pool.withConnection { db in try WorkRepository.finish(lease, on: db) }
        }
        var pass = Pass(store: store, stages: stages)
        do {
            try await bringAbout(&pass)
        } catch let error as KubernetesError {
            try pass.meet(error)
        }
        try await Recorder(pool: pool, bulletin: bulletin, platform: gateway.platform).record(
            pass, lease, pause: pause(after: lease.attempt))
    }

    /// Looks, decides and acts until there is nothing more to do at this moment.
    private func bringAbout(_ pass: inout Pass) async throws {
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
            guard !decision.actions.isEmpty else { return }
            for action in decision.actions {
                switch action {
                case .write(let stage, let manifests):
                    observation = try await gateway.write(manifests, into: observation)
                    pass.wrote(stage)
                case .removeNamespace(let uid): return try await gateway.removeNamespace(of: store.id, uid: uid)
                case .removeJob(let name, let uid):
                    try await gateway.removeJob(name, uid: uid, of: store.id)
                    observation.jobs.removeAll { $0.metadata.name == name }
                    observation.hashes[ObjectID(kind: Resource.job.kind, name: name)] = nil
                }
            }
            if decision.writesClaims { try await gateway.refreshClaims(of: store.id, in: &observation) }
        }
    }

    private func decide(_ pass: Pass, _ observation: Observation) -> Decision {
        Decision.about(
            pass.store, stages: pass.stages, observation: observation, now: Date(),
            deadline: pass.store.attemptedAt + Double(settings.timeout.components.seconds), installID: gateway.platform.installID)
    }
}
