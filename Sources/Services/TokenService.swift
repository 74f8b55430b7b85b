package import Postgres
import Repository
package import Stores

/// Tells who a token's bearer is. What is done with tokens themselves is in `TokenService+Issuing.swift`.
package final class TokenService: Sendable {
    let pool: ConnectionPool
    private let log: @Sendable (String) -> Void
    private let recent = RecentAnswers<Principal>()

    package init(pool: ConnectionPool, log: @escaping @Sendable (String) -> Void) {
        self.pool = pool
        self.log = log
    }

    /// Makes the first administrator's token the one of the configuration.
    package func setAdministrator(token: String) async throws {
        let hash = Digest.sha256(token)
        try await pool.transaction { db in
            guard try TokenRepository.setAdministrator(secretHash: hash, on: db) else { return }
            try SessionRepository.deleteAll(openedBy: Token.administratorID, on: db)
        }
    }

    /// - Throws: `StoreError` `.unauthenticated`; `PostgresError`.
    package func principal(bearing token: String) async throws -> Principal {
        let hash = Digest.sha256(token)
        guard let principal = try await recent.answer(for: hash, orFrom: { try await lookUp(token, hash) }) else {
            throw StoreError.unauthenticated
        }
        return principal
    }

    /// Whether it was good when it was last looked up, some time ago or just now.
    package func hasBeenGood(_ token: String) -> Bool {
        recent.hasBeenGood(Digest.sha256(token))
    }

    /// One statement and two comparisons whatever was sent, so that neither an answer nor its time tells which key ids there are.
    private func lookUp(_ token: String, _ hash: [UInt8]) async throws -> Principal? {
        let parts = TokenText(token)
        let candidates = [
            (id: parts?.keyID ?? "", hash: Digest.sha256(parts?.secret ?? token)), (id: Token.administratorID, hash: hash),
        ]
        let ids = candidates.map(\.id)
        let known = try await pool.withConnection { db in try TokenRepository.credentials(ids, on: db) }
        var found: TokenRepository.Credential?
        for (id, hash) in candidates {
            let credential = known[id]
            let isRight = Digest.areEqual(hash, credential?.secretHash ?? TokenService.noHash)
            if isRight, let credential { found = credential }
        }
        guard let found else { return nil }
        if found.isUseToBeNoted, let id = found.principal.tokenID { await noteUse(of: id) }
        return found.principal
    }

    /// A request is not refused because its token's use could not be noted.
    private func noteUse(of id: String) async {
        do {
            try await pool.withConnection { db in try TokenRepository.noteUse(of: id, on: db) }
        } catch {
            log("The use of the token \(id) was not noted: \(error)")
        }
    }

    private static let noHash = [UInt8](repeating: 0, count: 32)

    static func sha256(_ text: String) -> [UInt8] { Digest.sha256(text) }
}
