package import Foundation
package import Postgres
package import Stores

/// The right to work on a store for a while: every write of a pass carries its token.
package struct Lease: Sendable, Hashable {
    package let storeID: StoreID
    package let token: UUID
    /// What had been requested when it was taken.
    package let requested: Int
    /// How often the store has been worked on without success.
    package let attempt: Int
    /// It was taken from a holder that had let it run out.
    package let isTakenOver: Bool
}

/// The rows of `work`: that something must be done. Only the database's clock counts.
package enum WorkRepository {
    /// Makes a store due now, whoever holds it.
    package static func enqueue(_ id: StoreID, on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO work (store_id) VALUES (\(id.text))
            ON CONFLICT (store_id) DO UPDATE SET due_at = least(work.due_at, now()), requested = work.requested + 1
            """)
    }

    /// Makes many stores due now; those without a row in `stores` are passed over.
    package static func enqueue(_ ids: [StoreID], on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO work (store_id) SELECT id FROM stores WHERE id = ANY (\(ids.map(\.text))) ORDER BY id
            ON CONFLICT (store_id) DO UPDATE SET due_at = least(work.due_at, now()), requested = work.requested + 1
            """)
    }

    /// What a notification tells of became due this long ago at the most. What is due for longer is found by a look at everything each second.
    package static let lately: Duration = .seconds(2)

    /// Takes due stores that nobody holds, or whose holder has let its lease run out. One statement: of two workers one gets a row.
    /// - Parameter dueWithin: passes over what has been due for longer. While somebody holds a snapshot open, a look at everything
    ///   reads past every row that was finished since; this one reads past those of so long only.
    package static func claim(
        limit: Int, lease: Duration, dueWithin: Duration? = nil, on db: isolated Connection
    ) throws(PostgresError) -> [Lease] {
        let lately: SQL = dueWithin.map { " AND due_at > now() - make_interval(secs => \($0.seconds))" } ?? ""
        let rows = try db.query(
            """
            UPDATE work SET lease_token = gen_random_uuid(), lease_until = now() + make_interval(secs => \(lease.seconds)), attempt = attempt + 1
            FROM (
                SELECT store_id AS due_id, lease_token IS NOT NULL AS is_taken_over FROM work
                WHERE due_at <= now()
            """ + lately + """
                 AND (lease_until IS NULL OR lease_until < now())
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED) due
            WHERE store_id = due_id
            RETURNING store_id, lease_token, requested, attempt, is_taken_over
            """)
        return try rows.map { row throws(PostgresError) in
            guard let id = StoreID(try row.decode("store_id", as: String.self)) else {
                throw PostgresError(.decoding("store_id"), "The column store_id holds no store's id.")
            }
            return Lease(
                storeID: id, token: try row.decode("lease_token"), requested: try row.decode("requested"),
                attempt: try row.decode("attempt"), isTakenOver: try row.decode("is_taken_over"))
        }
    }

    /// Extends leases that still hold.
    /// - Returns: the tokens that do; a missing one was lost.
    package static func beat(_ leases: [Lease], for duration: Duration, on db: isolated Connection) throws(PostgresError) -> Set<
        UUID
    > {
        let tokens = leases.map(\.token.uuidString)
        let rows = try db.query(
            """
            UPDATE work SET lease_until = now() + make_interval(secs => \(duration.seconds))
            WHERE store_id = ANY (\(leases.map(\.storeID.text))) AND lease_token = ANY (\(tokens)::uuid[]) AND lease_until > now() RETURNING lease_token
            """)
        return Set(try rows.map { row throws(PostgresError) in try row.decode("lease_token", as: UUID.self) })
    }

    /// Ends the work on a store, unless more was requested meanwhile: then it is due again at once.
    /// - Returns: whether the lease was still held.
    @discardableResult package static func finish(_ lease: Lease, on db: isolated Connection) throws(PostgresError) -> Bool {
        let removed = try db.execute(
            """
            DELETE FROM work WHERE store_id = \(lease.storeID.text) AND lease_token = \(lease.token) AND requested = \(lease.requested)
            """)
        if removed == 1 { return true }
        return try handBack(lease, after: .zero, .progress, on: db)
    }

    /// What a claim has come to, as far as the next pause depends on it.
    package enum Outcome: Sendable, Hashable {
        /// The next attempt is the first again.
        case progress
        case noProgress
        /// It was cut short by our own stop and does not count.
        case notTried
    }

    /// Lets go of a store that is to be looked at again. Where more was requested meanwhile, at once.
    /// - Returns: whether the lease was still held.
    @discardableResult package static func handBack(
        _ lease: Lease, after pause: Duration, _ outcome: Outcome, on db: isolated Connection
    ) throws(PostgresError) -> Bool {
        let attempt =
            switch outcome {
            case .progress: 0
            case .noProgress: lease.attempt
            case .notTried: lease.attempt - 1
            }
        return try db.execute(
            """
            UPDATE work SET lease_token = NULL, lease_until = NULL, attempt = \(attempt),
                due_at = CASE WHEN requested > \(lease.requested) THEN now() ELSE now() + make_interval(secs => \(pause.seconds)) END
            WHERE store_id = \(lease.storeID.text) AND lease_token = \(lease.token)
            """) == 1
    }

    /// When the next store is due; nil where nothing waits.
    package static func nextDue(on db: isolated Connection) throws(PostgresError) -> Duration? {
        let rows = try db.query(
            "SELECT extract(epoch FROM min(greatest(due_at, coalesce(lease_until, due_at))) - now())::float8 AS seconds FROM work")
        return try rows.first?.decodeIfPresent("seconds", as: Double.self).map { .seconds(max(0, $0)) }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
