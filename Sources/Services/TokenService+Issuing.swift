package import Foundation
import JSON
import Postgres
package import Repository
package import Stores

extension TokenService {
    package struct Order: Sendable {
        package var account: String
        package var role: String
        package var name: String
        package var expiresAt: Date?

        package init(account: String, role: String, name: String, expiresAt: Date?) {
            self.account = account
            self.role = role
            self.name = name
            self.expiresAt = expiresAt
        }
    }

    /// Makes a token. Its text is returned this once and stored nowhere.
    package func issue(_ order: Order, by caller: Caller) async throws -> (token: Token, text: String) {
        let now = Date()
        var faults: [StoreError.InvalidField] = []
        let role = Role(rawValue: order.role)
        if role == nil {
            let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
            faults.append(.init(name: "role", message: "There is no role “\(order.role.prefix(40))”. Choose one of: \(known)."))
        }
        var name = ""
        do throws(StoreName.Fault) { name = try StoreName.checked(order.name) } catch {
            faults.append(.init(name: "name", message: "The name \(error.rawValue)."))
        }
        if let end = order.expiresAt, end <= now {
            faults.append(
                .init(name: "expiresAt", message: "The end must lie in the future; leave it out for a token without one."))
        }
        guard faults.isEmpty, let role else { throw StoreError.invalid(faults) }
        let text = TokenText.random()
        let token = Token(
            id: text.keyID, account: order.account, role: role, name: name, createdAt: now, createdBy: caller.principal.name,
            expiresAt: order.expiresAt, revokedAt: nil, lastUsedAt: nil)
        try await pool.transaction { db in
            guard try AccountRepository.lock(token.account, on: db) != nil else {
                throw StoreError.invalid([.init(name: "account", message: "There is no account “\(token.account.prefix(40))”.")])
            }
            try TokenRepository.insert(token, secretHash: Digest.sha256(text.secret), on: db)
            try AuditRepository.append(AuditRecord(caller, "token.issue", token.id, after: token.auditJSON), on: db)
        }
        return (token, text.text)
    }

    /// - Throws: `StoreError` `.tokenNotFound`, also for a token that the caller may not see.
    package func show(_ id: String, by caller: Caller) async throws -> Token {
        guard TokenText(id) == nil else { throw StoreError.tokenNotFound }  // the whole token: the database must not see it
        let own = caller.principal.onlyAccount
        guard let token = try await pool.withConnection({ db in try TokenRepository.find(id, only: own, on: db) }) else {
            throw StoreError.tokenNotFound
        }
        return token
    }

    /// The tokens that the caller may see, newest first.
    package func list(of account: String?, after cursor: StoreRepository.Cursor?, limit: Int, by caller: Caller) async throws
        -> [Token]
    {
        let own = caller.principal.onlyAccount
        return try await pool.withConnection { db in
            try TokenRepository.page(of: account, only: own, after: cursor, limit: limit, on: db)
        }
    }

    /// Ends a token, on every replica within a second. Ending it again changes nothing.
    package func revoke(_ id: String, by caller: Caller) async throws -> Token {
        guard id != Token.administratorID else { throw StoreError.tokenIsConfigured }
        let before = try await show(id, by: caller)
        return try await pool.transaction { db in
            guard let after = try TokenRepository.revoke(id, on: db) else {
                guard let revoked = try TokenRepository.find(id, only: nil, on: db) else { throw StoreError.tokenNotFound }
                return revoked
            }
            let record = AuditRecord(caller, "token.revoke", id, before: before.auditJSON, after: after.auditJSON)
            try AuditRepository.append(record, on: db)
            return after
        }
    }
}

extension Token {
    fileprivate var auditJSON: JSONValue {
        [
            "account": .string(account), "role": .string(role.rawValue), "name": .string(name),
            "expiresAt": expiresAt.map { .string(RFC3339.milliseconds($0)) } ?? .null,
            "revokedAt": revokedAt.map { .string(RFC3339.milliseconds($0)) } ?? .null,
        ]
    }
}
