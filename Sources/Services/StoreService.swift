package import Engines
import FailPoints
import Foundation
package import Gateway
import JSON
import Kubernetes
package import Postgres
package import Repository
package import Stores

/// What can be asked for of stores. Every change writes the row, its event, its audit record and its work in one transaction.
///
/// Throws `StoreError` for what is refused and `PostgresError` for what could not be done.
package struct StoreService: Sendable {
    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    /// How many stores may live on the whole platform; nil is without limit.
    private let maximumStores: Int?
    /// Nil where the nodes' room does not matter, because more come when they are needed.
    private let room: ClusterRoom?

    package init(
        pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, maximumStores: Int? = nil, room: ClusterRoom? = nil
    ) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.maximumStores = maximumStores
        self.room = room
    }

    // MARK: Creating

    package struct Order: Sendable {
        package var name: String
        package var engine: String
        package var plan: String?
        package var slug: String?
        package var country: String?
        package var currency: String?
        package var catalogue: String?
        package var idempotencyKey: String?

        package init(
            name: String, engine: String, plan: String? = nil, slug: String? = nil, country: String? = nil, currency: String? = nil,
            catalogue: String? = nil, idempotencyKey: String? = nil
        ) {
            self.name = name
            self.engine = engine
            self.plan = plan
            self.slug = slug
            self.country = country
            self.currency = currency
            self.catalogue = catalogue
            self.idempotencyKey = idempotencyKey
        }

        /// What two requests with one key must have in common.
        var hash: [UInt8] {
            let old = [name, engine, plan ?? "", slug ?? ""]
            let settings = [country, currency, catalogue]
            let fields = settings == [nil, nil, nil] ? old : old + settings.map { $0 ?? "" }
            return TokenService.sha256(fields.joined(separator: "\u{1F}"))
        }
    }

    /// Takes an order; the shop is made in the background. The same key and order find the first store again.
    package func create(_ order: Order, by caller: Caller) async throws -> Store {
        let store = try StoreService.store(for: order, account: caller.principal.account)
        let hash = order.hash
        if let known = try await find(order, hash, account: store.account) { return known }
        let room = await room?.room()
        do {
            let first = try await pool.transaction { db -> Store? in
                guard let account = try AccountRepository.lock(store.account, on: db) else { throw StoreError.unauthenticated }
                // Of two that send the same at once, the second finds here what the first has made while it waited for the lock.
                if let first = try StoreService.find(order, hash, account: account.id, db) { return first }
                try admit(store, to: account, room: room, db)
                if let key = order.idempotencyKey {
                    try StoreRepository.forgetExpired(idempotencyKey: key, account: account.id, on: db)
                }
                try StoreRepository.insert(
                    store, size: PlanSize.of(store.plan)?.promised, idempotencyKey: order.idempotencyKey, requestHash: hash, on: db)
                try EventRepository.append(
                    [
                        .init(
                            .created, phase: .pending, message: "“\(store.name)” was ordered: \(store.engine), plan \(store.plan).")
                    ], to: store.id, on: db)
                try WorkRepository.enqueue(store.id, on: db)
                try AuditRepository.append(.init(caller, "store.create", store.id.text, after: store), on: db)
                FailPoint.reach(.createBefore)
                return nil
            }
            if let first { return first }
            FailPoint.reach(.createAfter)
        } catch let error as PostgresError {
            return try await resolve(error, store, order, hash)
        }
        bulletin.announce(work: true, events: [store.id])
        return try await show(store.id, by: caller)
    }

    /// Lets a store in if it fits into the account's quota, onto the platform and onto the nodes, counted while nobody else can add to any.
    private func admit(_ store: Store, to account: Account, room: RoomForStores?, _ db: isolated Connection) throws {
        let use = try AccountRepository.use(of: [account.id], sizes: PlanSize.sizes, on: db)[account.id] ?? .none
        let size = PlanSize.of(store.plan)?.promised ?? StoreSize(cpu: 0, memory: 0, storage: 0)
        if let words = account.quota.excess(of: use, adding: size) { throw StoreError.quotaExceeded(account: account.id, words) }
        guard maximumStores != nil || room != nil else { return }
        let living = try StoreRepository.lockLivingKinds(on: db)
        if let maximumStores, living.map(\.count).reduce(0, +) >= maximumStores {
            throw StoreError.platformIsFull(limit: maximumStores)
        }
        if let words = room?.lack(for: StoreKind(store.engine, store.plan), besides: living) {
            throw StoreError.clusterIsFull(words)
        }
    }

    private static func store(for order: Order, account: String) throws(StoreError) -> Store {
        var faults: [StoreError.InvalidField] = []
        var name = ""
        do throws(StoreName.Fault) { name = try StoreName.checked(order.name) } catch {
            faults.append(.init(name: "name", message: "The name \(error.rawValue)."))
        }
        var slug: Slug?
        if let given = order.slug {
            do throws(Slug.Fault) { slug = try Slug(given) } catch {
                faults.append(.init(name: "slug", message: "The address \(error.rawValue)."))
            }
        } else if !name.isEmpty {
            do throws(Slug.Fault) { slug = try Slug(suggestedBy: name) } catch {
                faults.append(
                    .init(
                        name: "slug",
                        message: "No address can be made from this name. Give one: lower-case letters, digits and hyphens."))
            }
        }
        let engine = EngineID(rawValue: order.engine)
        if EngineRegistry.engine(engine) == nil {
            let known = EngineRegistry.all.map(\.id.rawValue).joined(separator: ", ")
            faults.append(
                .init(name: "engine", message: "There is no engine “\(order.engine.prefix(40))”. Choose one of: \(known)."))
        }
        let plan = PlanID(rawValue: order.plan ?? PlanID.small.rawValue)
        if PlanSize.of(plan) == nil {
            let known = PlanSize.all.map(\.plan.rawValue).joined(separator: ", ")
            faults.append(.init(name: "plan", message: "There is no plan “\(plan.rawValue.prefix(40))”. Choose one of: \(known)."))
        }
        var shop = ShopSettings.standard
        do throws(ShopSettings.Invalid) {
            shop = try ShopSettings(country: order.country, currency: order.currency, catalogue: order.catalogue)
        } catch {
            faults += error.faults.map { .init(name: $0.rawValue, message: "The \($0.rawValue) \($0.words).") }
        }
        if let key = order.idempotencyKey,
            key.isEmpty || key.utf8.count > 255 || !key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            faults.append(.init(name: "Idempotency-Key", message: "The key must be 1 to 255 visible ASCII characters."))
        }
        guard faults.isEmpty, let slug else { throw .invalid(faults) }
        let now = Date()
        return Store(
            id: .random(), name: name, slug: slug, engine: engine, plan: plan, account: account, shop: shop,
            message: "Waiting for its turn.",
            createdAt: now,
            updatedAt: now, attemptedAt: now)
    }

    /// The store that this key has made before.
    private func find(_ order: Order, _ hash: [UInt8], account: String) async throws -> Store? {
        guard order.idempotencyKey != nil else { return nil }
        return try await pool.withConnection { db in try StoreService.find(order, hash, account: account, db) }
    }

    private static func find(_ order: Order, _ hash: [UInt8], account: String, _ db: isolated Connection) throws -> Store? {
        guard let key = order.idempotencyKey,
            let known = try StoreRepository.find(idempotencyKey: key, account: account, on: db)
        else { return nil }
        guard known.requestHash == hash else { throw StoreError.idempotencyKeyReused }
        return known.store
    }

    /// What an error of the insert means: somebody was faster, or the answer to COMMIT was lost.
    private func resolve(_ error: PostgresError, _ store: Store, _ order: Order, _ hash: [UInt8]) async throws -> Store {
        if error.kind == .commitUnknown {
            guard let found = try await pool.withConnection({ db in try StoreRepository.find(store.id, on: db) }) else {
                throw error
            }
            bulletin.announce(work: true, events: [store.id])
            return found
        }
        guard error.sqlState == .uniqueViolation else { throw error }
        if let known = try await find(order, hash, account: store.account) { return known }
        let holder = try await pool.withConnection { db in try StoreRepository.find(slug: store.slug, on: db) }
        throw StoreError.addressTaken(store.slug, by: holder.flatMap { $0.account == store.account ? $0.id : nil })
    }

    // MARK: Reading

    /// - Throws: `StoreError` `.notFound`, also for a store that the caller may not see.
    package func show(_ id: StoreID, by caller: Caller) async throws -> Store {
        let account = caller.principal.onlyAccount
        guard let store = try await pool.withConnection({ db in try StoreRepository.find(id, only: account, on: db) }) else {
            throw StoreError.notFound(id)
        }
        return store
    }

    /// The stores that the caller may see.
    package func list(_ filter: StoreRepository.Filter, by caller: Caller) async throws -> [Store] {
        var filter = filter
        filter.onlyAccount = caller.principal.onlyAccount
        let seen = filter
        return try await pool.withConnection { db in try StoreRepository.page(seen, on: db) }
    }

    package func counts() async throws -> [(phase: String, count: Int)] {
        try await pool.withConnection { db in try StoreRepository.counts(on: db) }
    }

    /// What runs of a store, read from the cluster at this moment.
    package func resources(of id: StoreID, by caller: Caller) async throws -> [StoreResource] {
        let store = try await show(id, by: caller)
        guard store.phase != .deleted, let stages = EngineRegistry.stages(of: store, on: gateway.platform) else { return [] }
        do {
            return try await gateway.resources(of: store, stages: stages)
        } catch let error as KubernetesError {
            throw StoreError.unavailable("The cluster cannot be asked at the moment: \(error).")
        }
    }

    /// How the shop's administrator signs in. Read at this moment and kept nowhere; that it was asked for is in the audit log.
    package func credentials(of id: StoreID, by caller: Caller) async throws -> (login: Credentials.Login, password: String) {
        let store = try await show(id, by: caller)
        guard let engine = EngineRegistry.engine(store.engine), store.desired != .absent else {
            throw StoreError.wrongPhase(store.phase, request: "be signed in to")
        }
        let password: String?
        do {
            password = try await gateway.adminPassword(of: id)
        } catch let error as KubernetesError {
            throw StoreError.unavailable("The cluster cannot be asked at the moment: \(error).")
        }
        guard let password else {
            throw StoreError.wrongPhase(store.phase, request: "be signed in to: its login has not been made yet")
        }
        // Before it is given away: an answer without its record must not be.
        try await pool.transaction { db in
            try AuditRepository.append(.init(caller, "store.credentials", id.text), on: db)
        }
        return (engine.login(of: store, on: gateway.platform), password)
    }

    // MARK: Changing

    /// - Parameter version: what the caller has seen; nil where it does not matter to it.
    package func rename(_ id: StoreID, to text: String, version: Int?, by caller: Caller) async throws -> Store {
        let name: String
        do throws(StoreName.Fault) { name = try StoreName.checked(text) } catch {
            throw StoreError.invalid([.init(name: "name", message: "The name \(error.rawValue).")])
        }
        return try await change(id, version: version, caller, "store.rename") { store, db in
            guard store.desired != .absent else { throw StoreError.wrongPhase(store.phase, request: "be renamed") }
            guard let renamed = try StoreRepository.rename(id, to: name, version: store.version, on: db) else { return nil }
            let message = "Renamed from “\(store.name)” to “\(name)”."
            return (renamed, .init(.renamed, phase: store.phase, message: message))
        }
    }

    /// Asks for a store's removal. Asking again changes nothing.
    package func delete(_ id: StoreID, version: Int?, by caller: Caller) async throws -> Store {
        try await change(id, version: version, caller, "store.delete") { store, db in
            guard let phase = store.phase.after(.deletionRequested) else { return (store, nil) }
            let message = "Its deletion was requested."
            let deleting = try StoreRepository.request(
                .absent, of: store, phase: phase, message: "Waiting for its removal.", on: db)
            return deleting.map { ($0, .init(.deletionRequested, phase: phase, message: message)) }
        }
    }

    /// Begins another attempt at a store that has failed or is degraded.
    package func retry(_ id: StoreID, version: Int?, by caller: Caller) async throws -> Store {
        try await change(id, version: version, caller, "store.retry") { store, db in
            guard let phase = store.phase.after(.retryRequested) else {
                throw StoreError.wrongPhase(store.phase, request: "be retried")
            }
            let message = "Another attempt was requested."
            let retried = try StoreRepository.request(.running, of: store, phase: phase, message: "Waiting for its turn.", on: db)
            return retried.map { ($0, .init(.retryRequested, phase: phase, message: message)) }
        }
    }

    /// Nil where somebody else was faster; without an event where nothing was to be done.
    private typealias Change = @Sendable (Store, isolated Connection) throws -> (store: Store, event: EventRepository.Entry?)?

    /// Reads the row, changes it by one conditional statement, and writes what belongs to the change. Where somebody else was faster the
    /// row is read again.
    private func change(_ id: StoreID, version: Int?, _ caller: Caller, _ action: String, _ change: @escaping Change) async throws
        -> Store
    {
        while true {
            let before = try await show(id, by: caller)
            if let version, version != before.version { throw StoreError.stale(version: before.version) }
            let after = try await pool.transaction { db -> Store? in
                guard let (after, event) = try change(before, db) else { return nil }
                guard let event else { return after }
                try EventRepository.append([event], to: id, on: db)
                try WorkRepository.enqueue(id, on: db)
                try AuditRepository.append(.init(caller, action, id.text, before: before, after: after), on: db)
                FailPoint.reach(.changeBefore)
                return after
            }
            FailPoint.reach(.changeAfter)
            if let after {
                bulletin.announce(work: true, events: [id])
                return after
            }
            try Task.checkCancellation()
        }
    }
}

extension AuditRecord {
    /// A change of a store; a row holds no secret.
    fileprivate init(_ caller: Caller, _ action: String, _ target: String, before: Store? = nil, after: Store?) {
        self.init(caller, action, target, before: before?.auditJSON, after: after?.auditJSON)
    }
}

extension Store {
    fileprivate var auditJSON: JSONValue {
        [
            "name": .string(name), "slug": .string(slug.text), "engine": .string(engine.rawValue), "plan": .string(plan.rawValue),
            "desired": .string(desired.rawValue), "phase": .string(phase.rawValue), "version": .integer(version),
        ]
    }
}
