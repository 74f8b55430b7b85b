import FailPoints
import Foundation
import Kubernetes
import Postgres
import Repository
import Synchronization

/// Keeps the leases of the passes under way: beats on a connection of its own, and tells each pass until when it may act.
///
/// A pass may act until so long after its last confirmed beat was sent, by a clock that also runs while the process is stopped. That ends
/// well before the lease does, so whoever takes the lease over finds nobody still acting on the old one.
final class LeaseKeeper: Sendable {
    struct Terms: Sendable, Hashable {
        /// How long a claim or a beat holds, by the database's clock.
        let lease: Duration
        /// Between two beats.
        var beat: Duration { lease * 4 / 15 }
        /// How long a confirmed beat is relied on, from the moment it was sent.
        var trust: Duration { lease * 2 / 3 }
    }

    let terms: Terms
    private let pool: ConnectionPool
    private let log: @Sendable (String) -> Void
    private let held = Mutex<[UUID: HeldLease]>([:])

    init(terms: Terms, configuration: PostgresConfiguration, log: @escaping @Sendable (String) -> Void) {
        self.terms = terms
        self.log = log
        var own = configuration
        own.maximumConnections = 1
        // One that hangs is to be given up while there is time for another.
        own.statementTimeout = min(own.statementTimeout, max(.seconds(1), terms.beat / 2))
        pool = ConnectionPool(configuration: own)
    }

    /// Lends what holds a lease, for the time of a pass.
    /// - Parameter sentAt: when the claim was sent.
    func holding(_ lease: Lease, sentAt: ContinuousClock.Instant, _ pass: (HeldLease) async -> Void) async {
        let lent = HeldLease(lease, trustedUntil: sentAt + terms.trust)
        held.withLock { $0[lease.token] = lent }
        await pass(lent)
        held.withLock { _ = $0.removeValue(forKey: lease.token) }
    }

    /// Beats until the task is cancelled. While nothing can be confirmed it tries more often.
    func run() async {
        var pause = terms.beat
        while true {
            do {
                try await Task.sleep(for: pause, clock: .continuous)
            } catch {
                break  // cancelled: the only error of a sleep
            }
            pause = await beat() ? terms.beat : min(terms.beat, .seconds(1))
        }
        await pool.close()
    }

    /// - Returns: whether the database has answered.
    private func beat() async -> Bool {
        let leases = held.withLock { Array($0.values) }
        guard !leases.isEmpty else { return true }
        let sentAt = ContinuousClock.now
        do {
            let duration = terms.lease
            let kept = try await pool.withConnection { db in
                FailPoint.reach(.beatBefore)
                let kept = try WorkRepository.beat(leases.map(\.lease), for: duration, on: db)
                FailPoint.reach(.beatAfter)
                return kept
            }
            for lease in leases {
                if kept.contains(lease.lease.token) { lease.confirm(until: sentAt + terms.trust) } else { lease.lose() }
            }
            return true
        } catch {
            if !Task.isCancelled { log("The leases of \(leases.count) passes were not renewed; they end by themselves: \(error)") }
            return false
        }
    }
}

/// A lease while a pass relies on it.
final class HeldLease: Sendable {
    let lease: Lease
    private let state: Mutex<(trustedUntil: ContinuousClock.Instant, isLost: Bool)>

    init(_ lease: Lease, trustedUntil: ContinuousClock.Instant) {
        self.lease = lease
        state = Mutex((trustedUntil, false))
    }

    /// When everything done under it must be over, as far as is known now.
    var trustedUntil: ContinuousClock.Instant { state.withLock(\.trustedUntil) }

    var isTrusted: Bool { .now < trustedUntil }

    func confirm(until moment: ContinuousClock.Instant) {
        state.withLock { state in
            if !state.isLost { state.trustedUntil = max(state.trustedUntil, moment) }
        }
    }

    /// It is another's by now, or nobody's.
    func lose() {
        state.withLock { $0 = (.now, true) }
    }
}
