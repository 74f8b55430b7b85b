package import Postgres
package import Stores

/// The rows of `rate_buckets`: the limits on which all replicas must agree. Only the database's clock counts.
package enum RateRepository {
    /// Takes one request out of a bucket, if there is one in it: one statement, so that no two take the same.
    package static func take(
        _ subject: String, of limit: RateLimit, on db: isolated Connection
    ) throws(PostgresError) -> RateLimit.Verdict {
        let full = Double(limit.requests)
        let refilled: SQL = """
            least(\(full), rate_buckets.level + greatest(0, extract(epoch FROM clock_timestamp() - rate_buckets.filled_at))::float8 * \(limit.perSecond))
            """
        let rows = try db.query(
            "INSERT INTO rate_buckets (subject, level, granted, filled_at) VALUES (\(limit.name + " " + subject), \(full - 1), true, clock_timestamp())"
                + " ON CONFLICT (subject) DO UPDATE SET level = " + refilled + " - CASE WHEN " + refilled
                + " >= 1 THEN 1 ELSE 0 END, granted = " + refilled + " >= 1, filled_at = clock_timestamp() RETURNING level, granted"
        )
        return RateLimit.Verdict(limit, isGranted: try rows[0].decode("granted"), level: try rows[0].decode("level"))
    }

    /// Forgets buckets that have not been used for a day, so many at a time.
    /// - Returns: how many there were.
    package static func forgetUnused(limit: Int, on db: isolated Connection) throws(PostgresError) -> Int {
        try db.execute(
            """
            DELETE FROM rate_buckets WHERE subject IN (
                SELECT subject FROM rate_buckets WHERE filled_at < now() - interval '1 day' LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }
}
