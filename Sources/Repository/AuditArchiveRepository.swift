package import Postgres

/// Moves whole months out of the audit log. Only the owner of the tables may.
package enum AuditArchiveRepository {
    /// A partition of a month gone by.
    package struct Month: Sendable, Hashable {
        package let partition: String
        package let first: Int
        package let last: Int
        package let records: Int
    }

    /// Lets one archive at a time write, until the session ends. Held by a session, for between its months a run has no transaction.
    /// - Returns: false where another is under way.
    package static func takeTurn(on db: isolated Connection) throws(PostgresError) -> Bool {
        try db.query("SELECT pg_try_advisory_lock(hashtextextended('store-platform audit archive', 0)) AS locked")[0].decode(
            "locked")
    }

    /// The oldest month that ended so many months ago, or longer; without records it has no numbers and is passed over.
    package static func oldest(endedMonthsAgo months: Int, on db: isolated Connection) throws(PostgresError) -> Month? {
        let names = try db.query(
            """
            SELECT c.relname AS partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'public.audit_log'::regclass AND c.relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$'
                AND to_date(substr(c.relname, 11), 'YYYY_MM') + interval '1 month' <= date_trunc('month', now()) - make_interval(months => \(months)::integer)
            ORDER BY 1
            """)
        for row in names {
            let partition: String = try row.decode("partition")
            let extent = try db.query(
                "SELECT min(number) AS first, max(number) AS last, count(*) AS records FROM \(raw: partition)")[0]
            guard let first: Int = try extent.decodeIfPresent("first") else { continue }
            return Month(
                partition: partition, first: first, last: try extent.decode("last"), records: try extent.decode("records"))
        }
        return nil
    }

    /// Records as lines of JSON, in the order of their numbers. `before` and `after` are texts: the hash is over their bytes.
    package static func lines(
        after number: Int, through last: Int, limit: Int, on db: isolated Connection
    ) throws(PostgresError) -> [(number: Int, line: String)] {
        try db.query(
            """
            SELECT number, jsonb_build_object('number', number, 'id', id, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'actor', actor, 'tokenId', token_id, 'role', role, 'account', account_id, 'remoteAddress', remote_address, 'requestId', request_id,
                'action', action, 'target', target, 'before', before::text, 'after', after::text, 'result', result,
                'previousHash', encode(previous_hash, 'hex'), 'hash', encode(hash, 'hex'))::text AS line
            FROM audit_log WHERE number > \(number) AND number <= \(last) ORDER BY number LIMIT \(limit)
            """
        ).map { row throws(PostgresError) in (try row.decode("number"), try row.decode("line")) }
    }

    /// Takes a month out of the log, and says in the log that it has. The partition goes first: its lock is the table's, and those who wait for
    /// the head of the chain hold that.
    package static func replace(
        _ month: Month, lastHash: [UInt8], by file: String, fileHash: [UInt8], _ record: AuditRecord, on db: isolated Connection
    ) throws(PostgresError) {
        try db.executeScript("DROP TABLE \(month.partition)")
        try db.execute(
            """
            INSERT INTO audit_archives (partition, first_number, last_number, last_hash, file, file_sha256)
            VALUES (\(month.partition), \(month.first), \(month.last), \(Bytea(lastHash)), \(file), \(Bytea(fileHash)))
            """)
        try AuditRepository.append(record, on: db)
    }
}
