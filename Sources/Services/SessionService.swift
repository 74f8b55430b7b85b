package import Foundation
package import Postgres
import Repository
package import Stores

/// Who is signed in to the dashboard: a cookie holds a secret, the database its SHA-256.
package final class SessionService: Sendable {
    package struct Session: Sendable {
        package let principal: Principal
        package let expiresAt: Date
    }

    private let pool: ConnectionPool
    package let lifetime: Duration
    private let recent = RecentAnswers<Session>()

    package init(pool: ConnectionPool, lifetime: Duration = .seconds(12 * 3600)) {
        self.pool = pool
        self.lifetime = lifetime
    }

    /// - Returns: the session and its secret, which is returned this once.
    package func open(by caller: Caller) async throws -> (session: Session, secret: String) {
        let principal = caller.principal
        let secret = TokenText.randomSecret()
        let hash = Digest.sha256(secret)
        let lifetime = lifetime
        let expiresAt = try await pool.transaction { db in
            let expiresAt = try SessionRepository.insert(secretHash: hash, of: principal, lifetime: lifetime, on: db)
            try AuditRepository.append(AuditRecord(caller, "session.open", principal.name), on: db)
            return expiresAt
        }
        return (Session(principal: principal, expiresAt: expiresAt), secret)
    }

    /// - Throws: `StoreError` `.unauthenticated`; `PostgresError`.
    package func session(holding secret: String) async throws -> Session {
        let hash = Digest.sha256(secret)
        let session = try await recent.answer(for: hash) {
            let found = try await pool.withConnection { db in try SessionRepository.find(secretHash: hash, on: db) }
            return found.map { Session(principal: $0.principal, expiresAt: $0.expiresAt) }
        }
        guard let session else { throw StoreError.unauthenticated }
        return session
    }

    /// Whether it was good when it was last looked up, some time ago or just now.
    package func hasBeenGood(_ secret: String) -> Bool {
        recent.hasBeenGood(Digest.sha256(secret))
    }

    package func close(_ secret: String, by caller: Caller) async throws {
        let hash = Digest.sha256(secret)
        try await pool.transaction { db in
            try SessionRepository.delete(secretHash: hash, on: db)
            try AuditRepository.append(AuditRecord(caller, "session.close", caller.principal.name), on: db)
        }
        recent.forget(hash)
    }

    /// What a page of ours can read and another's cannot: sent with every change, it proves that the change is not forged. It is a hash of
    /// the secret, of which it tells nothing.
    package static func proof(of secret: String) -> String {
        Digest.sha256("csrf \(secret)").map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    /// In constant time.
    package static func isProof(_ text: String, of secret: String) -> Bool {
        Digest.areEqual(Array(text.utf8), Array(proof(of: secret).utf8))
    }
}
