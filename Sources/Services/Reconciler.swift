import Engines
import FailPoints
import Foundation
package import Gateway
import Kubernetes
package import Postgres
import Repository
import Stores
import Synchronization

/// Compares rows with the namespaces that carry our labels, at start-up and each minute, and makes due whatever does not agree.
package struct Reconciler: Sendable {
    /// What becomes of a namespace that carries our labels and belongs to no row.
    package enum UnknownNamespaces: String, Sendable, CaseIterable {
        /// Its row is written again from its annotations: losing a shop is worse than keeping one.
        case adopt
        /// It is told of and left as it is.
        case report
        /// It is removed, unless it is one of so many that the rows are more likely to be wrong.
        case delete
    }

    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let interval: Duration
    private let unknown: UnknownNamespaces
    private let log: @Sendable (String) -> Void
    private let comparisons: Comparisons
    private let told = Told()

    package init(
        pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, interval: Duration = .seconds(60),
        unknown: UnknownNamespaces = .adopt, comparisons: Comparisons = Comparisons(), log: @escaping @Sendable (String) -> Void
    ) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.interval = interval
        self.unknown = unknown
        self.comparisons = comparisons
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
        var present: [StoreID: PartialObject] = [:]
        for namespace in namespaces {
            guard let id = StoreID(namespace: namespace.metadata.name), namespace.metadata.labels[Labels.id] == id.text else {
                try await report(doubled: namespace, known)
                continue
            }
            present[id] = namespace
        }
        try await makeDue(outdated(rows, present))
        try await makeDue(try await settle(unknown: present.filter { known[$0.key] == nil }, of: present))
        comparisons.noteNamespaces()
        try await reportVolumes(known)
    }

    private func makeDue(_ ids: [StoreID]) async throws {
        guard !ids.isEmpty else { return }
        try await pool.withConnection { db in
            FailPoint.reach(.enqueueBefore)
            try WorkRepository.enqueue(ids, on: db)
            FailPoint.reach(.enqueueAfter)
        }
        bulletin.announce(work: true)
    }

    /// Rows for which there is something to do: what is moving, what is wanted and not there, what is there and not wanted, and what an
    /// older version of the platform has made.
    private func outdated(_ rows: [StoreRepository.Outline], _ present: [StoreID: PartialObject]) -> [StoreID] {
        var hashes: [StoreKind: String?] = [:]
        func manifestsHash(_ row: StoreRepository.Outline) -> String? {
            let kind = StoreKind(row.engine, row.plan)
            if let known = hashes[kind] { return known }
            let hash = EngineRegistry.manifestsHash(row.engine, row.plan, on: gateway.platform)
            hashes[kind] = .some(hash)
            return hash
        }
        return rows.filter { row in
            switch row.phase {
            case .pending, .provisioning, .deleting, .degraded: true
            case .ready: present[row.id] == nil || row.seal == nil || manifestsHash(row) != row.manifestsHash
            case .failed, .suspended, .deleted: false
            }
        }.map(\.id)
    }

    // MARK: Namespaces without a row

    /// - Returns: the stores that were adopted.
    private func settle(unknown: [StoreID: PartialObject], of present: [StoreID: PartialObject]) async throws -> [StoreID] {
        var adopted: [StoreID] = []
        var strays: [(StoreID, PartialObject)] = []
        for (id, namespace) in unknown.sorted(by: { $0.key.text < $1.key.text }) {
            let tombstone = try await pool.withConnection { db in try StoreRepository.find(id, on: db) }
            if let tombstone {
                // Either it was deleted, and its namespace goes, or it was made after the rows were read.
                if tombstone.phase == .deleted, namespace.metadata.deletionTimestamp == nil {
                    log("The namespace \(namespace.metadata.name) of a deleted store was found and is removed.")
                    try await remove(id, namespace)
                }
                continue
            }
            guard namespace.metadata.deletionTimestamp == nil else { continue }
            switch self.unknown {
            case .adopt: if try await adopt(id, namespace, present: Array(present.keys)) { adopted.append(id) }
            case .report:
                say("stray \(id)", "The namespace \(namespace.metadata.name) belongs to no store. It is left as it is.")
            case .delete: strays.append((id, namespace))
            }
        }
        // So many at once are not strays: the rows are gone, or are an older copy.
        let most = max(3, present.count / 20)
        if strays.count > most {
            say(
                "strays \(strays.count)",
                "\(strays.count) of \(present.count) namespaces belong to no store, and at most \(most) are removed at a time: none is. If the database is an older copy, set STORE_PLATFORM_UNKNOWN_NAMESPACES=adopt."
            )
            return adopted
        }
        for (id, namespace) in strays {
            log("The namespace \(namespace.metadata.name) belongs to no store and is removed.")
            try await remove(id, namespace)
        }
        return adopted
    }

    private func remove(_ id: StoreID, _ namespace: PartialObject) async throws {
        FailPoint.reach(.strayDeleteBefore)
        try await gateway.removeNamespace(of: id, uid: namespace.metadata.uid)
        FailPoint.reach(.strayDeleteAfter)
    }

    /// Writes the row again that a namespace's annotations describe.
    private func adopt(_ id: StoreID, _ namespace: PartialObject, present: [StoreID]) async throws -> Bool {
        let name = namespace.metadata.name
        guard let store = Reconciler.store(id, rememberedBy: namespace) else {
            say("mute \(id)", "The namespace \(name) belongs to no store and its annotations do not say of which it was.")
            return false
        }
        let isAdopted = try await pool.transaction { db in
            var messages = ["The namespace \(name) was found without a row and was adopted."]
            // Two rows at one address, of which one has a shop: an older copy of the rows still knew the former.
            if let moved = try StoreRepository.moveAside(from: store.slug, unlessPresent: present, on: db) {
                messages.append("Its address had been given back to the store \(moved), which has moved to another.")
                let message = "Its address belongs to the store \(id), which was found running; it has got another."
                try EventRepository.append(
                    [.init(.warning, phase: .provisioning, reason: "address_lost", message: message)], to: moved, on: db)
                try WorkRepository.enqueue(moved, on: db)
            }
            guard try StoreRepository.adopt(store, on: db) else { return false }
            try EventRepository.append(
                [.init(.adopted, phase: .provisioning, message: messages.joined(separator: " "))], to: id, on: db)
            try AuditRepository.append(
                AuditRecord(principal: .platform, remoteAddress: "-", requestID: "-", action: "store.adopt", target: id.text),
                on: db)
            FailPoint.reach(.adoptBefore)
            return true
        }
        FailPoint.reach(.adoptAfter)
        if isAdopted {
            log("The namespace \(name) was found without a row and was adopted.")
        } else {
            say("crowded \(id)", "The namespace \(name) cannot be adopted: another store lives at its address “\(store.slug)”.")
        }
        return isAdopted
    }

    /// The store that a namespace's annotations describe. Whoever may write into the cluster may have written them: they are taken for no
    /// better than a request.
    private static func store(_ id: StoreID, rememberedBy namespace: PartialObject) -> Store? {
        let notes = namespace.metadata.annotations
        guard let engine = notes[Labels.Annotation.engine],
            let plan = notes[Labels.Annotation.plan], let account = notes[Labels.Annotation.account],
            Account.isID(account), let milliseconds = notes[Labels.Annotation.createdAt].flatMap(Int64.init),
            (0...Int64(Date().timeIntervalSince1970 * 1000)).contains(milliseconds)
        else { return nil }
        let name: String
        do throws(StoreName.Fault) { name = try StoreName.checked(notes[Labels.Annotation.name] ?? "") } catch { return nil }
        let slug: Slug
        do throws(Slug.Fault) { slug = try Slug(notes[Labels.Annotation.slug] ?? "") } catch { return nil }
        let shop: ShopSettings
        do throws(ShopSettings.Invalid) {
            shop = try ShopSettings(
                country: notes[Labels.Annotation.country], currency: notes[Labels.Annotation.currency],
                catalogue: notes[Labels.Annotation.catalogue])
        } catch {
            shop = .standard  // it has been set up: these count for a new set-up alone
        }
        let createdAt = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        return Store(
            id: id, name: name, slug: slug, engine: EngineID(rawValue: engine), plan: PlanID(rawValue: plan), account: account,
            shop: shop,
            phase: .provisioning, message: "Adopted from its namespace.", namespaceUID: namespace.metadata.uid,
            createdAt: createdAt,
            updatedAt: createdAt, attemptedAt: Date())
    }

    // MARK: What is only told

    /// A namespace that says it is a store's and does not bear its name. Nothing is done to it.
    private func report(doubled namespace: PartialObject, _ known: [StoreID: StoreRepository.Outline]) async throws {
        let name = namespace.metadata.name
        let claimed = namespace.metadata.labels[Labels.id] ?? ""
        let message =
            "The namespace \(name) carries the label \(Labels.id)=\(claimed), which is not its own. It is left as it is; remove the label or the namespace."
        guard say("doubled \(name)", message), let id = StoreID(claimed), let row = known[id] else { return }
        try await warn(id, row.phase, "namespace_doubled", message)
    }

    /// Volumes that stay behind when a store has gone keep its data, and cost: whoever runs the cluster must know.
    private func reportVolumes(_ known: [StoreID: StoreRepository.Outline]) async throws {
        let volumes: [(name: String, store: StoreID)]
        do {
            volumes = try await gateway.releasedVolumes()
        } catch let error as KubernetesError where error.isForbiddenByAccess {
            say(
                "volumes",
                "Volumes that removed stores have left behind are not reported: \(error). Let the service account list persistentvolumes."
            )
            return
        }
        for (volume, id) in volumes where known[id] == nil {
            let message =
                "The volume \(volume) of the removed store was left behind by its storage class, with the store's data on it. Delete it when nobody needs them any more."
            guard say("volume \(volume)", message) else { continue }
            guard let store = try await pool.withConnection({ db in try StoreRepository.find(id, on: db) }) else { continue }
            try await warn(id, store.phase, "volume_left_behind", message)
        }
    }

    /// Writes a warning to a store's events, unless it was the last of its kind already.
    private func warn(_ id: StoreID, _ phase: StorePhase, _ reason: String, _ message: String) async throws {
        try await pool.transaction { db in
            guard try EventRepository.lastWarning(of: id, reason: reason, on: db) != message else { return }
            try EventRepository.append([.init(.warning, phase: phase, reason: reason, message: message)], to: id, on: db)
        }
        bulletin.announce(events: [id])
    }

    /// Logs what lasts once, and not each minute.
    /// - Returns: whether it is new.
    @discardableResult private func say(_ key: String, _ message: String) -> Bool {
        guard told.isNew(key) else { return false }
        log(message)
        return true
    }
}

/// What has been logged.
private final class Told: Sendable {
    private let keys = Mutex<Set<String>>([])

    func isNew(_ key: String) -> Bool {
        keys.withLock { keys in
            if keys.count > 10_000 { keys = [] }
            return keys.insert(key).inserted
        }
    }
}
