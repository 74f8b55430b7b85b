import CCrypto
package import Postgres
import Repository
package import Stores
import Synchronization

/// Tells who a token's bearer is.
package final class TokenService: Sendable {
    private let pool: ConnectionPool
    /// Answers of the last second: a revocation has effect within one.
    private let recent = Mutex<[[UInt8]: (principal: Principal?, until: ContinuousClock.Instant)]>([:])

    package init(pool: ConnectionPool) {
        self.pool = pool
    }

    /// Makes the first administrator's token the one of the configuration.
    package func setAdministrator(token: String) async throws {
        let hash = TokenService.sha256(token)
        try await pool.withConnection { db in try TokenRepository.setAdministrator(secretHash: hash, on: db) }
    }

    /// - Throws: `StoreError` `.unauthenticated`; `PostgresError`.
    package func principal(bearing token: String) async throws -> Principal {
        let hash = TokenService.sha256(token)
        if let known = recent.withLock({ $0[hash] }), known.until > .now {
            guard let principal = known.principal else { throw StoreError.unauthenticated }
            return principal
        }
        let principal = try await pool.withConnection { db in try TokenRepository.principal(secretHash: hash, on: db) }
        recent.withLock { recent in
            if recent.count > 1000 { recent.removeAll() }
            recent[hash] = (principal, .now + .seconds(1))
        }
        guard let principal else { throw StoreError.unauthenticated }
        return principal
    }

    static func sha256(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(bytes, bytes.count, &digest)
        return digest
    }
}
