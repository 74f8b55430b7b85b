package import Foundation
package import Postgres
import Stores

/// The rows of `audit_log`: only ever added to. The database numbers and hashes them (`migrations/*_audit.sql`).
package enum AuditRepository {
    /// Appends a record and holds back every other one until the transaction ends: to be called last in it.
    package static func append(_ record: AuditRecord, on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO audit_log (actor, token_id, role, account_id, remote_address, request_id, action, target, before, after, result)
            VALUES (\(record.actor), \(record.principal?.tokenID), \(record.role), \(record.account), \(record.remoteAddress),
                \(record.requestID), \(record.action), \(record.target), \(record.before), \(record.after), \(record.result))
            """)
    }

    /// Appends a record, unless its request has one already.
    /// - Returns: whether it was appended.
    @discardableResult package static func appendUnlessRecorded(_ record: AuditRecord, on db: isolated Connection)
        throws(PostgresError)
        -> Bool
    {
        // Not in one statement: an INSERT takes its turn, and makes others wait for it, before it knows whether it has anything to append.
        let recorded = try db.query(
            "SELECT FROM audit_log WHERE request_id = \(record.requestID) AND at > now() - interval '1 hour' LIMIT 1")
        guard recorded.isEmpty else { return false }
        try append(record, on: db)
        return true
    }

    package struct Filter: Sendable {
        package var actor: String?
        package var account: String?
        package var action: String?
        package var target: String?
        package var result: String?
        package var from: Date?
        /// Not itself included.
        package var to: Date?
        /// Before this number, newest first.
        package var before: Int?
        package var limit = 50

        package init() {}
    }

    /// A record as it stands in the log.
    package struct Entry: Sendable {
        package let number: Int
        package let at: Date
        package let actor: String
        package let tokenID: String?
        package let role: String
        package let account: String
        package let remoteAddress: String
        package let requestID: String
        package let action: String
        package let target: String
        package let before: JSONB?
        package let after: JSONB?
        package let result: String
        package let hash: [UInt8]
    }

    /// A page, newest first.
    package static func page(_ filter: Filter, on db: isolated Connection) throws(PostgresError) -> [Entry] {
        var sql: SQL = """
            SELECT number, at, actor, token_id, role, account_id, remote_address, request_id, action, target, before, after, result, hash
            FROM audit_log WHERE true
            """
        if let actor = filter.actor { sql += " AND actor = \(actor)" }
        if let account = filter.account { sql += " AND account_id = \(account)" }
        if let action = filter.action { sql += " AND action = \(action)" }
        if let target = filter.target { sql += " AND target = \(target)" }
        if let result = filter.result { sql += " AND result = \(result)" }
        if let from = filter.from { sql += " AND at >= \(from)" }
        if let to = filter.to { sql += " AND at < \(to)" }
        if let before = filter.before { sql += " AND number < \(before)" }
        sql += " ORDER BY number DESC LIMIT \(filter.limit)"
        return try db.query(sql).map(entry)
    }

    private static func entry(_ row: Row) throws(PostgresError) -> Entry {
        Entry(
            number: try row.decode("number"), at: try row.decode("at"), actor: try row.decode("actor"),
            tokenID: try row.decodeIfPresent("token_id"), role: try row.decode("role"), account: try row.decode("account_id"),
            remoteAddress: try row.decode("remote_address"), requestID: try row.decode("request_id"),
            action: try row.decode("action"), target: try row.decode("target"), before: try row.decodeIfPresent("before"),
            after: try row.decodeIfPresent("after"), result: try row.decode("result"),
            hash: try row.decode("hash", as: Bytea.self).bytes)
    }

    /// Makes the log's partitions of this month and the next, and moves there what has none.
    /// - Returns: the names of those it has made.
    package static func preparePartitions(on db: isolated Connection) throws(PostgresError) -> [String] {
        try db.query("SELECT audit_prepare_partitions() AS partition").map { row throws(PostgresError) in
            try row.decode("partition")
        }
    }
}
