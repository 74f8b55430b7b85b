import Engines
import Foundation
package import Gateway
import Kubernetes
package import Postgres
import Repository
import Stores

/// Compares the rows with the namespaces that carry our labels, at start-up and each minute, and makes due whatever does not agree.
package struct Reconciler: Sendable {
    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let interval: Duration
    private let log: @Sendable (String) -> Void

    package init(
        pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, interval: Duration = .seconds(60),
        log: @escaping @Sendable (String) -> Void
    ) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.interval = interval
        self.log = log
    }

    /// Compares until the task is cancelled. What fails is tried again at the next turn.
    package func run() async throws {
        while !Task.isCancelled {
            var pause = interval
            do {
                try await reconcile()
            } catch {
                if Task.isCancelled { return }
                log("Rows and namespaces could not be compared; tried again in 5 s: \(error)")
                pause = min(interval, .seconds(5))
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                return  // cancelled: the only error of a sleep
            }
        }
    }

    /// One comparison.
    package func reconcile() async throws {
        // The namespaces first: a store that is ordered after them is in the rows and merely due.
        let namespaces = try await gateway.storeNamespaces()
        let rows = try await pool.withConnection { db in try StoreRepository.allLiving(on: db) }
        let known = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
        var due = rows.filter { $0.phase.isMoving }.map(\.id)
        var present: Set<StoreID> = []
        for namespace in namespaces {
            guard let id = StoreID(namespace: namespace.metadata.name), namespace.metadata.labels[Labels.id] == id.text else {
                continue
            }
            present.insert(id)
            guard known[id] == nil else { continue }
            if let adopted = try await settleUnknown(id, namespace) { due.append(adopted) }
        }
        // Wanted and not there: made again. Not wanted and there: the row is deleting, and due already.
        due += rows.filter { !present.contains($0.id) && $0.desired == .running && !$0.phase.isMoving && $0.phase != .failed }.map(
            \.id)
        guard !due.isEmpty else { return }
        let ids = due
        try await pool.withConnection { db in try WorkRepository.enqueue(ids, on: db) }
        bulletin.announce(work: true)
    }

    /// A namespace without a living row: of a store that was deleted, it goes; of one we know nothing of, it is adopted, because losing a
    /// shop is worse than keeping one.
    private func settleUnknown(_ id: StoreID, _ namespace: PartialObject) async throws -> StoreID? {
        let tombstone = try await pool.withConnection { db in try StoreRepository.find(id, on: db) }
        if let tombstone {
            if tombstone.phase == .deleted, namespace.metadata.deletionTimestamp == nil {
                log("The namespace \(namespace.metadata.name) of a deleted store was found and is removed.")
                try await gateway.removeNamespace(of: id, uid: namespace.metadata.uid)
            }
            return nil
        }
        guard namespace.metadata.deletionTimestamp == nil, let store = Reconciler.store(id, rememberedBy: namespace) else {
            log("The namespace \(namespace.metadata.name) belongs to no store and its annotations do not say of which it was.")
            return nil
        }
        let isAdopted = try await pool.transaction { db in
            guard try StoreRepository.adopt(store, on: db) else { return false }
            let message = "The namespace \(store.id.namespace) was found without a row and was adopted."
            try EventRepository.append([.init(.adopted, phase: .provisioning, message: message)], to: id, on: db)
            try AuditRepository.append(
                AuditRecord(principal: .platform, remoteAddress: "-", requestID: "-", action: "store.adopt", target: id.text),
                on: db)
            return true
        }
        if !isAdopted {
            log("The namespace \(namespace.metadata.name) cannot be adopted: another store lives at its address “\(store.slug)”.")
        }
        return isAdopted ? id : nil
    }

    /// The store that a namespace's annotations describe.
    private static func store(_ id: StoreID, rememberedBy namespace: PartialObject) -> Store? {
        let notes = namespace.metadata.annotations
        guard let name = notes[Labels.Annotation.name], let engine = notes[Labels.Annotation.engine],
            let plan = notes[Labels.Annotation.plan],
            let account = notes[Labels.Annotation.account],
            let milliseconds = notes[Labels.Annotation.createdAt].flatMap(Double.init)
        else { return nil }
        let slug: Slug
        do throws(Slug.Fault) { slug = try Slug(notes[Labels.Annotation.slug] ?? "") } catch { return nil }
        let createdAt = Date(timeIntervalSince1970: milliseconds / 1000)
        return Store(
            id: id, name: name, slug: slug, engine: EngineID(rawValue: engine), plan: PlanID(rawValue: plan), account: account,
            phase: .provisioning, message: "Adopted from its namespace.", namespaceUID: namespace.metadata.uid,
            createdAt: createdAt,
            updatedAt: createdAt, attemptedAt: Date())
    }
}
