package import Postgres
import Repository
package import Stores
import Synchronization

/// Keeps one caller from using up what all need. Requests are counted by each replica for itself; orders and failed sign-ins by all together.
package final class RateLimiter: Sendable {
    /// Nil is without limit.
    package struct Settings: Sendable {
        /// Of a token or session.
        package var requests: RateLimit? = RateLimit(name: "requests", requests: 6000, window: 60)
        /// Of an address, whoever calls from there.
        package var address: RateLimit? = RateLimit(name: "address", requests: 12_000, window: 60)
        /// Of a token or session.
        package var orders: RateLimit? = RateLimit(name: "orders", requests: 60, window: 60)
        /// Of an address.
        package var failures: RateLimit? = RateLimit(name: "sign-in-failures", requests: 20, window: 60)
        /// Of an address: records of refusals that anybody can bring about.
        package var refusals: RateLimit? = RateLimit(name: "refusal-records", requests: 60, window: 60)
        /// Of a token or session, open at a time.
        package var streams: Int? = 32

        package init() {}
    }

    private struct State {
        var requests: RateBuckets?
        var addresses: RateBuckets?
        var refusals: RateBuckets?
        /// Until when an address that has failed too often may only send tokens that are known to be good.
        var barred: [String: ContinuousClock.Instant] = [:]
    }

    private let pool: ConnectionPool
    private let settings: Settings
    private let state: Mutex<State>
    private let streams: OpenStreams
    private let start = ContinuousClock.now

    package init(pool: ConnectionPool, settings: Settings = Settings()) {
        self.pool = pool
        self.settings = settings
        streams = OpenStreams(limit: settings.streams)
        state = Mutex(
            State(
                requests: settings.requests.map { RateBuckets($0) }, addresses: settings.address.map { RateBuckets($0) },
                refusals: settings.refusals.map { RateBuckets($0) }))
    }

    /// - Throws: `StoreError` `.tooManyRequests`.
    package func admit(address: String) throws(StoreError) {
        let now = now
        try RateLimiter.check(state.withLock { $0.addresses?.take(address, at: now) })
    }

    /// - Returns: what is left; nil without a limit.
    /// - Throws: `StoreError` `.tooManyRequests`.
    package func admit(caller: String) throws(StoreError) -> RateLimit.Verdict? {
        let now = now
        return try RateLimiter.check(state.withLock { $0.requests?.take(caller, at: now) })
    }

    /// Whether the audit log is to have a record of a refusal that anybody can bring about.
    package func admitsRefusalRecord(of address: String) -> Bool {
        let now = now
        return state.withLock { $0.refusals?.take(address, at: now) }?.isGranted ?? true
    }

    /// - Returns: what is left; nil without a limit.
    /// - Throws: `StoreError` `.tooManyRequests`; `PostgresError`.
    package func admitOrder(of caller: String) async throws -> RateLimit.Verdict? {
        guard let limit = settings.orders else { return nil }
        return try RateLimiter.check(try await pool.withConnection { db in try RateRepository.take(caller, of: limit, on: db) })
    }

    /// - Returns: the place that an answer holds while it is written.
    /// - Throws: `StoreError` `.tooManyStreams`.
    package func admitStream(of caller: String) throws(StoreError) -> OpenStreams.Place { try streams.take(for: caller) }

    /// Called before a credential is looked up that has not been good lately.
    /// - Throws: `StoreError` `.tooManyRequests` while the address is barred.
    package func admitSignIn(from address: String) throws(StoreError) {
        guard let limit = settings.failures, let until = state.withLock({ $0.barred[address] }) else { return }
        let wait = ContinuousClock.now.duration(to: until).components.seconds + 1
        guard wait > 0 else { return }
        throw .tooManyRequests(RateLimit.Verdict(limit, isGranted: false, level: 1 - Double(wait) * limit.perSecond))
    }

    /// Counts a credential that was not good.
    /// - Throws: `StoreError` `.tooManyRequests` where there were too many; `PostgresError`.
    package func noteFailure(from address: String) async throws {
        guard let limit = settings.failures else { return }
        let verdict = try await pool.withConnection { db in try RateRepository.take(address, of: limit, on: db) }
        guard !verdict.isGranted else { return }
        let until = ContinuousClock.now + .seconds(verdict.seconds)
        state.withLock { state in
            if state.barred.count > 10_000 { state.barred.removeAll() }
            state.barred[address] = until
        }
        throw StoreError.tooManyRequests(verdict)
    }

    private var now: Double {
        let elapsed = start.duration(to: .now).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    }

    @discardableResult private static func check(_ verdict: RateLimit.Verdict?) throws(StoreError) -> RateLimit.Verdict? {
        if let verdict, !verdict.isGranted { throw .tooManyRequests(verdict) }
        return verdict
    }
}
