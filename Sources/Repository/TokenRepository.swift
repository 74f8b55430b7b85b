package import Postgres
package import Stores

/// The rows of `tokens`: hashes, never the secrets.
package enum TokenRepository {
    private static let columns: SQL = "id, account_id, role, name, created_at, created_by, expires_at, revoked_at, last_used_at"

    /// Makes the first administrator's token what the configuration says it is.
    /// - Returns: whether it was another before, or none.
    package static func setAdministrator(secretHash: [UInt8], on db: isolated Connection) throws(PostgresError) -> Bool {
        try db.execute(
            """
            INSERT INTO tokens (id, account_id, role, name, secret_sha256)
            VALUES (\(Token.administratorID), \(Principal.defaultAccount), 'admin', 'administrator', \(Bytea(secretHash)))
            ON CONFLICT (id) DO UPDATE SET secret_sha256 = excluded.secret_sha256 WHERE tokens.secret_sha256 <> excluded.secret_sha256
            """) == 1
    }

    /// A token that may be used now, and what proves that somebody has it.
    package struct Credential: Sendable {
        package let principal: Principal
        package let secretHash: [UInt8]
        /// Its last use was noted more than a minute ago, or never.
        package let isUseToBeNoted: Bool
    }

    /// Those of the tokens that are neither revoked nor expired, by id.
    package static func credentials(_ ids: [String], on db: isolated Connection) throws(PostgresError) -> [String: Credential] {
        let rows = try db.query(
            """
            SELECT id, account_id, role, name, secret_sha256, coalesce(last_used_at < now() - interval '1 minute', true) AS is_use_to_be_noted
            FROM tokens WHERE id = ANY (\(ids)) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            """)
        var credentials: [String: Credential] = [:]
        for row in rows {
            let principal = Principal(
                tokenID: try row.decode("id"), account: try row.decode("account_id"), role: try value(row, "role"),
                name: try row.decode("name"))
            credentials[try row.decode("id")] = Credential(
                principal: principal, secretHash: try row.decode("secret_sha256", as: Bytea.self).bytes,
                isUseToBeNoted: try row.decode("is_use_to_be_noted"))
        }
        return credentials
    }

    /// Notes that a token is in use, at most once a minute whoever notes it.
    package static func noteUse(of id: String, on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            "UPDATE tokens SET last_used_at = now() WHERE id = \(id) AND coalesce(last_used_at < now() - interval '1 minute', true)"
        )
    }

    package static func find(_ id: String, only account: String?, on db: isolated Connection) throws(PostgresError) -> Token? {
        var sql: SQL = "SELECT " + columns + " FROM tokens WHERE id = \(id)"
        if let account { sql += " AND account_id = \(account)" }
        return try db.query(sql).first.map(token)
    }

    /// Newest first, behind a cursor.
    package static func page(
        of account: String?, only own: String?, after cursor: StoreRepository.Cursor?, limit: Int, on db: isolated Connection
    ) throws(PostgresError) -> [Token] {
        var sql: SQL = "SELECT " + columns + " FROM tokens WHERE true"
        if let account { sql += " AND account_id = \(account)" }
        if let own { sql += " AND account_id = \(own)" }
        if let cursor { sql += " AND (created_at, id) < (\(cursor.createdAt), \(cursor.id))" }
        sql += " ORDER BY created_at DESC, id DESC LIMIT \(limit)"
        return try db.query(sql).map(token)
    }

    package static func insert(_ token: Token, secretHash: [UInt8], on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO tokens (id, account_id, role, name, secret_sha256, created_at, created_by, expires_at)
            VALUES (\(token.id), \(token.account), \(token.role.rawValue), \(token.name), \(Bytea(secretHash)), \(token.createdAt),
                \(token.createdBy), \(token.expiresAt))
            """)
    }

    /// - Returns: the row as it is then; nil where it was revoked before.
    package static func revoke(_ id: String, on db: isolated Connection) throws(PostgresError) -> Token? {
        try db.query(
            "UPDATE tokens SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL RETURNING " + columns
        ).first.map(token)
    }

    private static func token(_ row: Row) throws(PostgresError) -> Token {
        Token(
            id: try row.decode("id"), account: try row.decode("account_id"), role: try value(row, "role"),
            name: try row.decode("name"), createdAt: try row.decode("created_at"), createdBy: try row.decodeIfPresent("created_by"),
            expiresAt: try row.decodeIfPresent("expires_at"), revokedAt: try row.decodeIfPresent("revoked_at"),
            lastUsedAt: try row.decodeIfPresent("last_used_at"))
    }
}
