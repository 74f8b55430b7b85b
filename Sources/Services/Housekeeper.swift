package import Postgres
import Repository

/// Forgets what has had its time: idempotency keys after a day, sessions that have ended, buckets that nobody uses.
///
/// What it forgets has no effect any more before it is forgotten, so that it does no harm when two do it or nobody does.
package struct Housekeeper: Sendable {
    private let pool: ConnectionPool
    private let interval: Duration
    private let log: @Sendable (String) -> Void

    package init(pool: ConnectionPool, interval: Duration = .seconds(60), log: @escaping @Sendable (String) -> Void) {
        self.pool = pool
        self.interval = interval
        self.log = log
    }

    /// Works until the task is cancelled. What fails is tried again at the next turn.
    package func run() async throws {
        while !Task.isCancelled {
            do {
                try await tidy()
            } catch {
                if Task.isCancelled { return }
                log("What has had its time could not be forgotten; tried again in a minute: \(error)")
            }
            do {
                try await Task.sleep(for: interval)
            } catch {
                return  // cancelled: the only error of a sleep
            }
        }
    }

    /// Each statement takes a bounded number of rows, and is repeated while it finds as many.
    private func tidy() async throws {
        let limit = 1000
        while try await pool.withConnection({ db in try StoreRepository.forgetExpiredKeys(limit: limit, on: db) }) == limit {}
        while try await pool.withConnection({ db in try SessionRepository.forgetEnded(limit: limit, on: db) }) == limit {}
        while try await pool.withConnection({ db in try RateRepository.forgetUnused(limit: limit, on: db) }) == limit {}
    }
}
