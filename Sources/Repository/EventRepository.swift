package import Foundation
package import Postgres
package import Stores

/// The rows of `store_events`.
package enum EventRepository {
    /// What is to be appended: an event without its place.
    package struct Entry: Sendable, Hashable {
        package let kind: StoreEvent.Kind
        package let stage: StageName?
        package let phase: StorePhase
        package let reason: String?
        package let message: String

        package init(_ kind: StoreEvent.Kind, stage: StageName? = nil, phase: StorePhase, reason: String? = nil, message: String) {
            self.kind = kind
            self.stage = stage
            self.phase = phase
            self.reason = reason
            self.message = message
        }
    }

    /// Appends events with the store's next numbers. The store's row is locked by it until the transaction ends, which keeps the numbers dense
    /// and in the order of commit.
    package static func append(_ entries: [Entry], to id: StoreID, on db: isolated Connection) throws(PostgresError) {
        guard !entries.isEmpty else { return }
        try db.execute(
            """
            WITH numbered AS (
                UPDATE stores SET event_count = event_count + \(entries.count) WHERE id = \(id.text) RETURNING event_count - \(entries.count) AS before)
            INSERT INTO store_events (store_id, seq, type, stage, phase, reason, message)
            SELECT \(id.text), before + ordinality, type, nullif(stage, ''), phase, nullif(reason, ''), message
            FROM numbered, unnest(\(entries.map(\.kind.rawValue))::text[], \(entries.map { $0.stage?.rawValue ?? "" })::text[],
                \(entries.map(\.phase.rawValue))::text[], \(entries.map { $0.reason ?? "" })::text[], \(entries.map(\.message))::text[])
                WITH ORDINALITY AS entry (type, stage, phase, reason, message, ordinality)
            """)
    }

    /// The last event of each stage since an attempt at provisioning began: what has been told of it already.
    package static func lastOfStages(
        of id: StoreID, since attempt: Date, on db: isolated Connection
    ) throws(PostgresError) -> [StageName: (kind: StoreEvent.Kind, message: String)] {
        let rows = try db.query(
            """
            SELECT DISTINCT ON (stage) stage, type, message FROM store_events
            WHERE store_id = \(id.text) AND stage IS NOT NULL AND type <> 'setup_step' AND at >= \(attempt) ORDER BY stage, seq DESC
            """)
        var last: [StageName: (StoreEvent.Kind, String)] = [:]
        for row in rows { last[try value(row, "stage")] = (try value(row, "type"), try row.decode("message")) }
        return last
    }

    /// The steps of the set-up that have been told since an attempt at provisioning began.
    package static func setupSteps(of id: StoreID, since attempt: Date, on db: isolated Connection) throws(PostgresError) -> Set<
        String
    > {
        let rows = try db.query(
            "SELECT DISTINCT reason FROM store_events WHERE store_id = \(id.text) AND type = 'setup_step' AND at >= \(attempt)")
        return Set(try rows.map { row throws(PostgresError) in try row.decode("reason", as: String.self) })
    }

    /// What a store was last warned of for a reason.
    package static func lastWarning(of id: StoreID, reason: String, on db: isolated Connection) throws(PostgresError) -> String? {
        try db.query(
            """
            SELECT message FROM store_events WHERE store_id = \(id.text) AND type = 'warning' AND reason = \(reason) ORDER BY seq DESC LIMIT 1
            """
        ).first?.decode("message")
    }

    /// The events of a store behind a number, oldest first.
    package static func page(of id: StoreID, after seq: Int, limit: Int, on db: isolated Connection) throws(PostgresError)
        -> [StoreEvent]
    {
        try db.query(
            """
            SELECT store_id, seq, at, type, stage, phase, reason, message FROM store_events
            WHERE store_id = \(id.text) AND seq > \(seq) ORDER BY seq LIMIT \(limit)
            """
        ).map(event)
    }

    /// A place in the order of all stores' events.
    package struct Position: Sendable, Hashable, Comparable {
        /// PostgreSQL's `xid8`.
        package let transaction: Int
        package let id: Int

        package init(transaction: Int, id: Int) {
            self.transaction = transaction
            self.id = id
        }

        package static func < (one: Position, other: Position) -> Bool {
            (one.transaction, one.id) < (other.transaction, other.id)
        }
    }

    /// The events of all stores, or of an account's, behind a position; and the position to go on from, which is behind all that was read,
    /// the events of other accounts too. Only of transactions before the oldest that is still running: an event that is committed late is read
    /// later, not passed over.
    package static func page(
        after position: Position, account: String?, limit: Int, on db: isolated Connection
    ) throws(PostgresError) -> (events: [(event: StoreEvent, position: Position)], next: Position) {
        // From a snapshot before the page's own: what could be read then is read by the page too.
        let newest = try self.newest(on: db)
        // Nobody is behind it, save for who has read in the database of which this is a restored copy: its numbers mean nothing here.
        let position = min(position, newest)
        var sql: SQL = """
            SELECT store_id, seq, at, type, stage, phase, reason, message, transaction_id, id
            FROM store_events
            WHERE (transaction_id, id) > (\(String(position.transaction))::xid8, \(position.id))
                AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
            """
        if let account { sql += " AND store_id IN (SELECT id FROM stores WHERE account_id = \(account))" }
        sql += " ORDER BY transaction_id, id LIMIT \(limit)"
        let events = try db.query(sql).map { row throws(PostgresError) in
            (try event(row), Position(transaction: try row.decode("transaction_id"), id: try row.decode("id")))
        }
        let last = events.last?.1 ?? position
        return (events, events.count == limit ? last : max(last, newest))
    }

    /// Puts the events of a restored dump before all that will happen, in the order in which they were written: the transactions they name were
    /// those of another server, and may be long in coming here. Does nothing in a database that goes on from its own past.
    ///
    /// For the table's owner: it alone may alter what is otherwise only added to.
    package static func reorderRestored(on db: isolated Connection) throws(PostgresError) {
        // No transaction that a snapshot sees is as young as its xmax.
        let isRestored = try db.query(
            """
            SELECT EXISTS (SELECT FROM store_events WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())) AS is_restored
            """
        )[0].decode("is_restored", as: Bool.self)
        guard isRestored else { return }
        try db.execute("ALTER TABLE store_events DISABLE TRIGGER store_events_append_only")
        try db.execute("UPDATE store_events SET transaction_id = '3'")  // the first of any server (PostgreSQL, transam.h)
        try db.execute("ALTER TABLE store_events ENABLE TRIGGER store_events_append_only")
    }

    /// The place of the last event, of whatever store, that can be read. Of an event, and not of the snapshot: after a crash the server gives
    /// the numbers of transactions that had written nothing to others, and what those then write must not be behind who has read up to here.
    package static func newest(on db: isolated Connection) throws(PostgresError) -> Position {
        let row = try db.query(
            """
            SELECT transaction_id, id FROM store_events WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY transaction_id DESC, id DESC LIMIT 1
            """
        ).first
        guard let row else { return Position(transaction: 0, id: 0) }
        return Position(transaction: try row.decode("transaction_id"), id: try row.decode("id"))
    }

    private static func event(_ row: Row) throws(PostgresError) -> StoreEvent {
        guard let id = StoreID(try row.decode("store_id", as: String.self)) else {
            throw PostgresError(.decoding("store_id"), "The column store_id holds no store's id.")
        }
        return StoreEvent(
            storeID: id, seq: try row.decode("seq"), at: try row.decode("at"), kind: try value(row, "type"),
            stage: try row.decodeIfPresent("stage", as: String.self).flatMap(StageName.init), phase: try value(row, "phase"),
            reason: try row.decodeIfPresent("reason"), message: try row.decode("message"))
    }
}
