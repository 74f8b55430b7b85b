import Foundation
package import Postgres
import Repository

/// What one replica does for all of them, by a row that it holds and renews: when its holder falls silent another takes it.
///
/// A hint of who is to look, and no lock: what is done under it must do no harm when two do it.
package struct Duty: Sendable {
    private let name: String
    private let pool: ConnectionPool
    private let term: Duration
    private let log: @Sendable (String) -> Void
    private let holder = UUID()

    /// - Parameter term: how long a holder may be silent before another takes it.
    package init(_ name: String, pool: ConnectionPool, term: Duration, log: @escaping @Sendable (String) -> Void) {
        self.name = name
        self.pool = pool
        self.term = term
        self.log = log
    }

    /// Does the work whenever the duty is this replica's, until the task is cancelled.
    package func run(_ work: @Sendable @escaping () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                if try await hold() { try await perform(work) }
            } catch {
                if !Task.isCancelled { log("The duty “\(name)” is not held for the moment: \(error)") }
            }
            do {
                try await Task.sleep(for: term / 3)
            } catch {
                break  // cancelled: the only error of a sleep
            }
        }
        await layDown()
    }

    private func hold() async throws -> Bool {
        try await pool.withConnection { db in try DutyRepository.hold(name, as: holder, for: term, on: db) }
    }

    /// Works until the duty is lost or cannot be renewed in time.
    private func perform(_ work: @Sendable @escaping () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work() }
            group.addTask {
                var renewedAt = ContinuousClock.now
                while true {
                    try await Task.sleep(for: term / 3, clock: .continuous)
                    let askedAt = ContinuousClock.now
                    do {
                        guard try await hold() else { return }
                        renewedAt = askedAt
                    } catch {
                        if renewedAt.duration(to: .now) > term * 2 / 3 { throw error }
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func layDown() async {
        // In a task of its own: this one has been cancelled.
        let layingDown = Task.detached {
            try await pool.withConnection { db in try DutyRepository.lay(down: name, as: holder, on: db) }
        }
        if case .failure(let error) = await layingDown.result { log("The duty “\(name)” runs out by itself: \(error)") }
    }
}
