package import Postgres
package import Stores

/// The rows of `tokens`: hashes, never the secrets.
package enum TokenRepository {
    /// Makes the first administrator's token what the configuration says it is.
    package static func setAdministrator(secretHash: [UInt8], on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO tokens (id, account_id, role, name, secret_sha256)
            VALUES ('administrator', \(Principal.defaultAccount), 'admin', 'administrator', \(Bytea(secretHash)))
            ON CONFLICT (id) DO UPDATE SET secret_sha256 = excluded.secret_sha256 WHERE tokens.secret_sha256 <> excluded.secret_sha256
            """)
    }

    /// Who bears the secret with this hash; nil for an unknown, revoked or expired one.
    package static func principal(secretHash: [UInt8], on db: isolated Connection) throws(PostgresError) -> Principal? {
        let rows = try db.query(
            """
            SELECT id, account_id, role, name FROM tokens
            WHERE secret_sha256 = \(Bytea(secretHash)) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            """)
        guard let row = rows.first else { return nil }
        return Principal(
            tokenID: try row.decode("id"), account: try row.decode("account_id"), role: try value(row, "role"),
            name: try row.decode("name"))
    }
}
