import Foundation
package import Postgres
package import Repository

/// Reads the audit log, and writes into it what no change has written.
package struct AuditService: Sendable {
    private let pool: ConnectionPool
    private let log: @Sendable (String) -> Void
    private let unrecorded = UnrecordedRefusals()

    package init(pool: ConnectionPool, log: @escaping @Sendable (String) -> Void) {
        self.pool = pool
        self.log = log
    }

    package func page(_ filter: AuditRepository.Filter) async throws -> [AuditRepository.Entry] {
        try await pool.withConnection { db in try AuditRepository.page(filter, on: db) }
    }

    /// Writes a record of a request, unless the request's own transaction has. Where the database is away there is nothing to write to:
    /// the service's log then says which record is missing. Goes on when the request's task is cancelled.
    package func recordUnlessRecorded(_ record: AuditRecord) async {
        let writing = Task.detached {
            try await pool.withConnection { db in try AuditRepository.appendUnlessRecorded(record, on: db) }
        }
        if case .failure(let error) = await writing.result {
            log(
                "The audit record of request \(record.requestID) (\(record.action), \(record.result)) could not be written: \(error)"
            )
        }
    }

    /// Refusals that were left out since the start.
    package var unrecordedRefusals: Int { unrecorded.count }

    /// Counts a refusal that gets no record, and tells the service's log of it once a minute.
    package func leaveOutRefusal(of address: String) {
        guard let count = unrecorded.note() else { return }
        log("Refusals are left out of the audit log, \(count) since the start: of \(address) there were too many to record.")
    }

    /// Sees to it, now and each day, that the log has its partitions of this month and the next. Without them records go to the default
    /// partition, and are moved when this succeeds.
    package func keepPartitions() async throws {
        while true {
            var pause: Duration = .seconds(86_400)
            do {
                _ = try await pool.transaction { db in try AuditRepository.preparePartitions(on: db) }
            } catch {
                try Task.checkCancellation()
                log("The partitions of the audit log could not be prepared, next try in a minute: \(error)")
                pause = .seconds(60)
            }
            try await Task.sleep(for: pause)
        }
    }
}
