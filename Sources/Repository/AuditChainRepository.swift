import Foundation
package import Postgres

/// A place in the chain of the audit log: a record's number and hash.
package struct AuditLink: Sendable, Hashable {
    package let number: Int
    package let hash: [UInt8]

    package init(number: Int, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Before the first record.
    package static let beginning = AuditLink(number: 0, hash: [UInt8](repeating: 0, count: 32))
}

/// Where the chain is found not to hold.
package struct BrokenLink: Error, Sendable, Hashable {
    package enum Difference: String, Sendable, CaseIterable {
        case fields, previous, missing, doubled, beforeBeginning, archiveMissing, archiveUnrecorded, truncated, behindHead, head,
            checkpoint,
            checkpointMissing
    }

    package let number: Int
    /// Nil where there is no such record.
    package let id: Int?
    package let difference: Difference

    package init(number: Int, id: Int? = nil, _ difference: Difference) {
        self.number = number
        self.id = id
        self.difference = difference
    }
}

/// Reads the audit log as a chain. The hashes are reckoned here anew, by PostgreSQL's own functions and by none that the database's owner
/// could have replaced.
package enum AuditChainRepository {
    /// Takes names from PostgreSQL first, whatever the role is set to, and the log from the views of `reporting` for one who may see no more.
    package static func setSearchPath(on db: isolated Connection) throws(PostgresError) {
        let rows = try db.query(
            """
            SELECT CASE WHEN pg_catalog.has_table_privilege('public.audit_log', 'SELECT') THEN 'public' ELSE 'reporting' END AS schema
            """)
        let schema = try rows[0].decode("schema", as: String.self)
        try db.executeScript("SET LOCAL search_path = pg_catalog, \(schema), pg_temp")
    }

    /// Behind what was archived.
    ///
    /// A row of `audit_archives` alone is not believed: with it somebody who has dropped the log's beginning would say that it lies in a file. The
    /// record of the newest archive is always in the log, for it is younger than what that has taken away.
    /// - Throws: `BrokenLink` where the archives do not follow on each other from the first record on, or the log does not tell of the newest.
    package static func base(on db: isolated Connection) throws -> AuditLink {
        let gap = try db.query(
            """
            SELECT expected AS number FROM (
                SELECT first_number, lag(last_number, 1, 0::bigint) OVER (ORDER BY last_number) + 1 AS expected FROM audit_archives) AS archive
            WHERE first_number <> expected ORDER BY expected LIMIT 1
            """
        ).first
        if let gap { throw BrokenLink(number: try gap.decode("number"), .archiveMissing) }
        let newest = try db.query(
            """
            SELECT last_number AS number, last_hash AS hash, EXISTS (
                SELECT FROM audit_log WHERE action = 'audit.archive' AND result = 'ok' AND number > last_number AND target = partition
                    AND after @> jsonb_build_object('firstNumber', first_number, 'lastNumber', last_number, 'lastHash', encode(last_hash, 'hex'),
                        'file', file, 'fileSha256', encode(file_sha256, 'hex'))) AS is_recorded
            FROM audit_archives ORDER BY last_number DESC LIMIT 1
            """
        ).first
        guard let newest else { return .beginning }
        let base = try link(newest)
        guard try newest.decode("is_recorded") else { throw BrokenLink(number: base.number, .archiveUnrecorded) }
        return base
    }

    /// A record's link, in the log or at the end of an archive; nil within an archive.
    package static func find(_ number: Int, on db: isolated Connection) throws(PostgresError) -> AuditLink? {
        if number == 0 { return .beginning }
        return try db.query(
            """
            SELECT number, hash FROM audit_log WHERE number = \(number)
            UNION ALL SELECT last_number, last_hash FROM audit_archives WHERE last_number = \(number) LIMIT 1
            """
        ).first.map(link)
    }

    /// The head, and the numbers between which there are records, as of one moment.
    package static func extent(on db: isolated Connection) throws(PostgresError) -> (head: AuditLink, first: Int?, last: Int?) {
        let rows = try db.query(
            """
            SELECT number, hash, (SELECT min(number) FROM audit_log) AS first, (SELECT max(number) FROM audit_log) AS last FROM audit_head
            """)
        guard let row = rows.first else {
            throw PostgresError(.decoding("number"), "The audit log has no head: its row was deleted.")
        }
        return (try link(row), try row.decodeIfPresent("first"), try row.decodeIfPresent("last"))
    }

    /// The last record up to a number.
    package static func last(through number: Int, on db: isolated Connection) throws(PostgresError) -> AuditLink? {
        try db.query("SELECT number, hash FROM audit_log WHERE number <= \(number) ORDER BY number DESC LIMIT 1").first.map(link)
    }

    /// The first record behind a link, up to a number, that does not fit the one before or its own hash.
    package static func firstBroken(
        after base: AuditLink, through number: Int, on db: isolated Connection
    ) throws(PostgresError) -> BrokenLink? {
        let sql: SQL =
            """
            SELECT CASE WHEN difference = 'missing' THEN previous_number + 1 ELSE number END AS number,
                CASE WHEN difference <> 'missing' THEN id END AS id, difference
            FROM (SELECT number, id, previous_number, CASE
                    WHEN number = previous_number THEN 'doubled' WHEN number <> previous_number + 1 THEN 'missing' WHEN previous_hash <> expected_hash THEN 'previous'
                    WHEN hash <>
            """ + recordHash + """
                        THEN 'fields' END AS difference
                    FROM (SELECT *, lag(number, 1, \(base.number)::bigint) OVER chain AS previous_number, lag(hash, 1, \(Bytea(base.hash))::bytea) OVER chain AS expected_hash
                        FROM audit_log WHERE number > \(base.number) AND number <= \(number) WINDOW chain AS (ORDER BY number, id)) AS record) AS link
                WHERE difference IS NOT NULL ORDER BY link.number, link.id LIMIT 1
                """
        return try db.query(sql).first.map { row throws(PostgresError) in
            BrokenLink(
                number: try row.decode("number"), id: try row.decodeIfPresent("id"),
                try value(row, "difference", as: BrokenLink.Difference.self))
        }
    }

    /// Triggers that keep the log from being changed, and do not: disabled, or gone.
    package static func disarmedTriggers(on db: isolated Connection) throws(PostgresError) -> [String] {
        try db.query(
            """
            SELECT wanted.name || ' of ' || c.relname AS trigger
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
            CROSS JOIN LATERAL (VALUES (c.relname || '_append_only'), ('audit_log_link')) AS wanted (name)
            LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = wanted.name AND t.tgenabled = 'O'
            WHERE (c.relname = 'audit_log' OR c.oid IN (SELECT inhrelid FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                AND p.relname = 'audit_log' AND p.relnamespace = n.oid)) AND t.oid IS NULL
            ORDER BY 1
            """
        ).map { row throws(PostgresError) in try row.decode("trigger") }
    }

    /// The same bytes in the same order as the function `audit_hash` of the schema.
    private static let recordHash: SQL = {
        let numbers = ["number", "id", "(extract(epoch FROM at) * 1000000)::bigint"].map { "int4send(8) || int8send(\($0))" }
        let texts = [
            "actor", "token_id", "role", "account_id", "remote_address", "request_id", "action", "target", "before::text",
            "after::text",
            "result",
        ].map { "coalesce(int4send(octet_length(\($0))) || convert_to(\($0), 'UTF8'), int4send(-1))" }
        let fields = ["int4send(22) || 'store-platform audit 1'::bytea", "int4send(32) || previous_hash"] + numbers + texts
        return "sha256(\(raw: fields.joined(separator: " || ")))"
    }()

    private static func link(_ row: Row) throws(PostgresError) -> AuditLink {
        AuditLink(number: try row.decode("number"), hash: try row.decode("hash", as: Bytea.self).bytes)
    }
}
