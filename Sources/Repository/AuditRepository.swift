package import Postgres
package import Stores

/// Who did what, with what result.
package struct AuditRecord: Sendable {
    package var principal: Principal
    package var remoteAddress: String
    package var requestID: String
    /// `store.create`, `store.delete` …
    package var action: String
    /// What it was done to: an id, or what was asked for where there is none.
    package var target: String
    /// JSON of the state before and after; never a secret.
    package var before: JSONB?
    package var after: JSONB?
    /// `ok`, or the code of the refusal.
    package var result: String

    package init(
        principal: Principal, remoteAddress: String, requestID: String, action: String, target: String, before: JSONB? = nil,
        after: JSONB? = nil,
        result: String = "ok"
    ) {
        self.principal = principal
        self.remoteAddress = remoteAddress
        self.requestID = requestID
        self.action = action
        self.target = target
        self.before = before
        self.after = after
        self.result = result
    }
}

/// The rows of `audit_log`: only ever added to.
package enum AuditRepository {
    package static func append(_ record: AuditRecord, on db: isolated Connection) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO audit_log (actor, token_id, role, account_id, remote_address, request_id, action, target, before, after, result)
            VALUES (\(record.principal.name), \(record.principal.tokenID), \(record.principal.role.rawValue), \(record.principal.account),
                \(record.remoteAddress), \(record.requestID), \(record.action), \(record.target), \(record.before), \(record.after), \(record.result))
            """)
    }
}
