import Engines
package import Gateway
import JSON
import Kubernetes
package import Postgres
import Repository
import Stores
import Synchronization

/// Makes a store due the moment the cluster shows a change that matters to it.
///
/// A hint like every other: what it misses is found by the next look of the provisioner or the reconciler.
package struct ClusterWatch: Sendable {
    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let log: @Sendable (String) -> Void

    package init(pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, log: @escaping @Sendable (String) -> Void) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.log = log
    }

    private static let kinds: [Resource] = [.namespace, .persistentVolumeClaim, .statefulSet, .deployment, .job, .pod]

    /// Watches until the task is cancelled.
    package func run() async throws {
        let changed = Changes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for resource in ClusterWatch.kinds {
                group.addTask { await watch(resource, changed) }
            }
            group.addTask { await makeDue(changed) }
            try await group.waitForAll()
        }
    }

    /// Follows the objects of a kind; a watch that the server refuses is begun again after a while.
    private func watch(_ resource: Resource, _ changed: Changes) async {
        while !Task.isCancelled {
            do {
                try await follow(resource, changed)
            } catch {
                if !Task.isCancelled { log("The watch on \(resource.plural) has ended and is begun again: \(error)") }
            }
            do {
                try await Task.sleep(for: .seconds(5))
            } catch {
                break  // cancelled: the only error of a sleep
            }
        }
        changed.finish()
    }

    private func follow(_ resource: Resource, _ changed: Changes) async throws {
        /// What each object was like when it was last seen, as far as that matters; only to tell whether it has changed.
        var known: [String: Signs] = [:]
        var seen: Set<String>?
        var isFirst = true
        for try await event in gateway.watch(resource) {
            switch event {
            case .restarted: seen = []
            case .added(let object), .modified(let object):
                let (key, store) = ClusterWatch.name(of: object, resource)
                seen?.insert(key)
                let signs = Signs.of(object, resource)
                // On the first list everything is new and nothing has changed: the reconciler compares it all.
                let isNews = known[key] == nil ? signs.isNewsAtFirstSight : known[key] != signs
                if !isFirst, isNews, !signs.text.isEmpty, let store { changed.add(store) }
                known[key] = signs
            case .deleted(let object):
                let (key, store) = ClusterWatch.name(of: object, resource)
                known[key] = nil
                if let store, resource != .pod { changed.add(store) }
            case .synced:
                for key in known.keys where seen?.contains(key) == false {
                    known[key] = nil
                    if !isFirst, let id = StoreID(namespace: String(key.prefix { $0 != "/" })) { changed.add(id) }
                }
                seen = nil
                isFirst = false
            }
        }
    }

    private static func name(of object: JSONValue, _ resource: Resource) -> (key: String, store: StoreID?) {
        let metadata = ObjectMeta(of: object)
        let namespace = metadata.namespace ?? metadata.name
        return ("\(namespace)/\(metadata.name)", StoreID(namespace: namespace))
    }

    private func makeDue(_ changed: Changes) async {
        for await _ in changed.signals {
            let ids = changed.takeAll()
            guard !ids.isEmpty else { continue }
            do {
                try await pool.withConnection { db in try WorkRepository.enqueue(ids, on: db) }
                bulletin.announce(work: true)
            } catch {
                log("\(ids.count) changes of the cluster were not noted; the stores' next look finds them: \(error)")
            }
        }
    }
}

/// Stores that have changed, each once, until they are taken.
private final class Changes: Sendable {
    private let ids = Mutex<Set<StoreID>>([])
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ id: StoreID) {
        ids.withLock { _ = $0.insert(id) }
        signal.yield()
    }

    func takeAll() -> [StoreID] {
        ids.withLock { ids in
            defer { ids = [] }
            return Array(ids)
        }
    }

    func finish() { signal.finish() }
}

/// What of an object's status can move a store on, or tell that something is wrong.
private struct Signs: Equatable {
    /// Empty where there is nothing to act on.
    let text: String
    /// Whether it says something even of an object that has only just been made, which is unready by nature.
    var isNewsAtFirstSight = true

    static func of(_ object: JSONValue, _ resource: Resource) -> Signs {
        switch resource {
        case .namespace: return Signs(text: Namespace(json: object).isTerminating ? "terminating" : "")
        case .persistentVolumeClaim: return Signs(text: PersistentVolumeClaim(json: object).phase == "Bound" ? "bound" : "")
        case .statefulSet:
            let isReady = StatefulSet(json: object).isRolledOut
            return Signs(text: isReady ? "ready" : "unready", isNewsAtFirstSight: isReady)
        case .deployment:
            let deployment = Deployment(json: object)
            if deployment.isRolledOut { return Signs(text: "available") }
            let failure = deployment.conditions["ReplicaFailure"]?.message
            return Signs(text: failure ?? "unavailable", isNewsAtFirstSight: failure != nil)
        case .job:
            // Its success shows in its pod, two seconds earlier.
            return Signs(text: Job(json: object).failure == nil ? "" : "failed")
        case .pod: return Signs(text: Pod(json: object).allContainerStatuses.map(sign).joined())
        default: return Signs(text: "")
        }
    }

    private static func sign(of container: ContainerStatus) -> String {
        switch container.state {
        case .waiting(let reason?, _) where reason != "ContainerCreating" && reason != "PodInitializing":
            "\(reason)\(container.restartCount)"
        case .terminated(let end): "ended\(end.exitCode)"
        default: ""
        }
    }
}
