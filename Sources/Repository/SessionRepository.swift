package import Foundation
package import Postgres
package import Stores

/// The rows of `sessions`: hashes, never the cookies' values.
package enum SessionRepository {
    /// - Returns: when it ends.
    package static func insert(
        secretHash: [UInt8], of principal: Principal, lifetime: Duration, on db: isolated Connection
    ) throws(PostgresError) -> Date {
        try db.query(
            """
            INSERT INTO sessions (secret_sha256, token_id, account_id, role, name, expires_at)
            VALUES (\(Bytea(secretHash)), \(principal.tokenID), \(principal.account), \(principal.role.rawValue), \(principal.name),
                now() + make_interval(secs => \(lifetime.seconds)))
            RETURNING expires_at
            """)[0].decode("expires_at")
    }

    /// Whose session it is and when it ends; nil where it has ended, or the token that opened it has, or the account is closed.
    package static func find(
        secretHash: [UInt8], on db: isolated Connection
    ) throws(PostgresError) -> (principal: Principal, expiresAt: Date)? {
        let rows = try db.query(
            """
            SELECT s.token_id, s.account_id, s.role, s.name, s.expires_at
            FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN tokens t ON t.id = s.token_id
            WHERE s.secret_sha256 = \(Bytea(secretHash)) AND s.expires_at > now() AND a.deleted_at IS NULL
                AND (s.token_id IS NULL OR t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()))
            """)
        guard let row = rows.first else { return nil }
        let principal = Principal(
            tokenID: try row.decodeIfPresent("token_id"), account: try row.decode("account_id"), role: try value(row, "role"),
            name: try row.decode("name"))
        return (principal, try row.decode("expires_at"))
    }

    package static func delete(secretHash: [UInt8], on db: isolated Connection) throws(PostgresError) {
        try db.execute("DELETE FROM sessions WHERE secret_sha256 = \(Bytea(secretHash))")
    }

    /// Ends every session that a token has opened.
    package static func deleteAll(openedBy tokenID: String, on db: isolated Connection) throws(PostgresError) {
        try db.execute("DELETE FROM sessions WHERE token_id = \(tokenID)")
    }

    /// Forgets sessions that have ended, so many at a time.
    /// - Returns: how many there were.
    package static func forgetEnded(limit: Int, on db: isolated Connection) throws(PostgresError) -> Int {
        try db.execute(
            """
            DELETE FROM sessions WHERE secret_sha256 IN (
                SELECT secret_sha256 FROM sessions WHERE expires_at < now() LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }
}
