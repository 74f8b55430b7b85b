import Engines
import Foundation
package import JSON
package import Postgres
import Repository
package import Stores

/// What can be done with accounts. Every change writes its audit record in the same transaction.
package struct AccountService: Sendable {
    private let pool: ConnectionPool
    private let recent = RecentAnswers<Account>()

    package init(pool: ConnectionPool) {
        self.pool = pool
    }

    package typealias Shown = (account: Account, use: QuotaUse)

    /// - Parameter id: made from the name unless given.
    package func open(id: String?, name: String, quota: Quota, by caller: Caller) async throws -> Shown {
        var faults: [StoreError.InvalidField] = []
        var checked = ""
        do throws(StoreName.Fault) { checked = try StoreName.checked(name) } catch {
            faults.append(.init(name: "name", message: "The name \(error.rawValue)."))
        }
        var slug: Slug?
        do throws(Slug.Fault) { slug = if let id { try Slug(id) } else { try Slug(suggestedBy: name) } } catch {
            faults.append(.init(name: "id", message: "The id \(error.rawValue)."))
        }
        guard faults.isEmpty, let slug else { throw StoreError.invalid(faults) }
        let name = checked
        let account = try await pool.transaction { db in
            guard let account = try AccountRepository.insert(slug.text, name: name, quota: quota, on: db) else {
                throw StoreError.accountTaken(slug.text)
            }
            try AuditRepository.append(AuditRecord(caller, "account.open", account.id, after: account.auditJSON), on: db)
            return account
        }
        return (account, .none)
    }

    /// - Throws: `StoreError` `.accountNotFound`, also for an account that the caller may not see.
    package func show(_ id: String, by caller: Caller) async throws -> Shown {
        let own = caller.principal.onlyAccount
        return try await pool.withConnection { db in
            guard let account = try AccountRepository.find(id, only: own, on: db) else { throw StoreError.accountNotFound }
            return (account, try AccountRepository.use(of: [id], sizes: PlanSize.sizes, on: db)[id] ?? .none)
        }
    }

    /// Whether an account is open, or was half a second ago.
    package func isOpen(_ id: String) async throws -> Bool {
        try await recent.answer(for: Array(id.utf8)) {
            try await pool.withConnection { db in try AccountRepository.find(id, on: db) }
        } != nil
    }

    /// The accounts that the caller may see, by id.
    package func list(after id: String?, limit: Int, by caller: Caller) async throws -> [Shown] {
        let own = caller.principal.onlyAccount
        return try await pool.withConnection { db in
            let accounts = try AccountRepository.page(after: id, only: own, limit: limit, on: db)
            let uses = try AccountRepository.use(of: accounts.map(\.id), sizes: PlanSize.sizes, on: db)
            return accounts.map { ($0, uses[$0.id] ?? .none) }
        }
    }

    /// - Parameter change: makes of the row what it is to be. A quota below what is used stops further orders and takes nothing away.
    package func change(
        _ id: String, version: Int?, by caller: Caller, _ change: @Sendable @escaping (inout Account) throws -> Void
    ) async throws -> Shown {
        try await pool.transaction { db in
            guard let before = try AccountRepository.lock(id, on: db) else { throw StoreError.accountNotFound }
            if let version, version != before.version { throw StoreError.stale(version: before.version) }
            var wanted = before
            try change(&wanted)
            do throws(StoreName.Fault) { wanted.name = try StoreName.checked(wanted.name) } catch {
                throw StoreError.invalid([.init(name: "name", message: "The name \(error.rawValue).")])
            }
            // Under the row's lock nobody else has changed it.
            guard let after = try AccountRepository.update(wanted, on: db) else { throw StoreError.accountNotFound }
            let record = AuditRecord(caller, "account.change", id, before: before.auditJSON, after: after.auditJSON)
            try AuditRepository.append(record, on: db)
            return (after, try AccountRepository.use(of: [id], sizes: PlanSize.sizes, on: db)[id] ?? .none)
        }
    }

    /// Closes an account that has no living store; its tokens end with it.
    package func close(_ id: String, version: Int?, by caller: Caller) async throws {
        guard id != Principal.defaultAccount else { throw StoreError.accountIsNeeded }
        try await pool.transaction { db in
            guard let account = try AccountRepository.lock(id, on: db) else { throw StoreError.accountNotFound }
            if let version, version != account.version { throw StoreError.stale(version: account.version) }
            let use = try AccountRepository.use(of: [id], sizes: PlanSize.sizes, on: db)[id] ?? .none
            guard use.stores == 0 else { throw StoreError.accountInUse(id, stores: use.stores) }
            try AccountRepository.close(id, on: db)
            try AuditRepository.append(AuditRecord(caller, "account.close", id, before: account.auditJSON), on: db)
        }
    }
}

extension QuotaUse {
    static let none = QuotaUse(stores: 0, size: StoreSize(cpu: 0, memory: 0, storage: 0))
}

extension PlanSize {
    /// What each plan promises now.
    static let sizes: [PlanID: StoreSize] = Dictionary(uniqueKeysWithValues: all.map { ($0.plan, $0.promised) })
}

extension Account {
    fileprivate var auditJSON: JSONValue {
        [
            "name": .string(name), "quota": quota.json, "version": .integer(version),
        ]
    }
}

extension Quota {
    /// As the API and the audit log write it; what is without limit is null.
    package var json: JSONValue {
        [
            "stores": stores.map { .integer($0) } ?? .null, "cpu": cpu.map { .string(Quantity.text($0, .thousandths)) } ?? .null,
            "memory": memory.map { .string(Quantity.text($0, .bytes)) } ?? .null,
            "storage": storage.map { .string(Quantity.text($0, .bytes)) } ?? .null,
        ]
    }
}

extension AuditRecord {
    /// Of something that a caller has done; `before` and `after` never hold a secret.
    init(_ caller: Caller, _ action: String, _ target: String, before: JSONValue? = nil, after: JSONValue? = nil) {
        self.init(
            principal: caller.principal, remoteAddress: caller.remoteAddress, requestID: caller.requestID, action: action,
            target: target, before: before.map { JSONB(text: $0.text) }, after: after.map { JSONB(text: $0.text) })
    }
}
