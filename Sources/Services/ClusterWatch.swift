import Engines
package import Gateway
import JSON
import Kubernetes
package import Postgres
import Repository
import Stores
import Synchronization

/// Makes a store due the moment the cluster shows a change that matters to it, be it progress or somebody's doing.
///
/// A hint like every other: what it misses is found by the next look of the provisioner or the reconciler.
package struct ClusterWatch: Sendable {
    private let pool: ConnectionPool
    private let gateway: ClusterGateway
    private let bulletin: Bulletin
    private let comparisons: Comparisons
    private let log: @Sendable (String) -> Void

    package init(
        pool: ConnectionPool, gateway: ClusterGateway, bulletin: Bulletin, comparisons: Comparisons = Comparisons(),
        log: @escaping @Sendable (String) -> Void
    ) {
        self.pool = pool
        self.gateway = gateway
        self.bulletin = bulletin
        self.comparisons = comparisons
        self.log = log
    }

    /// The kinds whose state moves a store on; of all others the metadata is enough.
    private static let movingKinds: Set<Resource> = [.namespace, .persistentVolumeClaim, .statefulSet, .deployment, .job, .pod]

    /// Watches until the task is cancelled.
    package func run() async throws {
        let changed = Changes()
        let seals = Seals(kinds: Seal.kinds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for resource in Seal.kinds + [.pod] {
                group.addTask { await watch(resource, changed, seals) }
            }
            group.addTask { await makeDue(changed) }
            group.addTask { await compare(seals, changed) }
            try await group.waitForAll()
        }
    }

    /// Follows the objects of a kind; a watch that the server refuses is begun again after a while.
    private func watch(_ resource: Resource, _ changed: Changes, _ seals: Seals) async {
        var memory = Memory(resource: resource)
        while !Task.isCancelled {
            do {
                try await follow(&memory, changed, seals)
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
        seals.finish()
    }

    private func follow(_ memory: inout Memory, _ changed: Changes, _ seals: Seals) async throws {
        let resource = memory.resource
        let moves = ClusterWatch.movingKinds.contains(resource)
        memory.beginAgain()
        // Of what there is already nothing is acted on but what a seal tells, which of a quota alone is more than the metadata.
        let events = gateway.watch(
            resource, metadataOnly: !moves && resource != .resourceQuota, beginsWithMetadata: moves && memory.isFirst)
        for try await event in events {
            switch event {
            case .restarted: memory.beginAgain()
            case .added(let object), .modified(let object):
                if let id = memory.take(object, seals) { changed.add(id) }
            case .deleted(let object):
                if let id = memory.drop(object, seals) { changed.add(id) }
            case .synced:
                for id in memory.dropUnseen(seals) { changed.add(id) }
                seals.note(synced: resource)
            }
        }
    }

    /// Once everything has been listed: what looks otherwise than when it was last found right was changed while nobody watched, and what
    /// does not run has perhaps fallen then.
    private func compare(_ seals: Seals, _ changed: Changes) async {
        for await all in seals.complete {
            await untilDone("The stores' objects were not compared") {
                let rows = try await pool.withConnection { db in try StoreRepository.allLiving(on: db) }
                changed.add(rows.filter { $0.phase == .ready && all[$0.id]?.text != $0.seal }.map(\.id))
                comparisons.noteObjects()
            }
            await untilDone("What does not run was not looked for") { changed.add(try await gateway.unwellStores()) }
        }
    }

    private func makeDue(_ changed: Changes) async {
        for await _ in changed.signals {
            let ids = changed.takeAll()
            guard !ids.isEmpty else { continue }
            // Nothing else would ever look at a store that is ready.
            await untilDone("\(ids.count) changes of the cluster were not noted") {
                try await pool.withConnection { db in try WorkRepository.enqueue(ids, on: db) }
            }
            bulletin.announce(work: true)
        }
    }

    /// Repeats what failed each second until it succeeds or the task is cancelled.
    private func untilDone(_ failure: String, _ work: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                return try await work()
            } catch {
                if !Task.isCancelled { log("\(failure); tried again in a second: \(error)") }
            }
            do {
                try await Task.sleep(for: .seconds(1))
            } catch {
                return  // cancelled: the only error of a sleep
            }
        }
    }
}

/// What was last seen of the objects of a kind; only to tell whether one has changed.
private struct Memory {
    private struct Key: Hashable {
        let store: StoreID
        let name: String
    }

    private struct Sighting {
        /// Nil on the first list, which shows no status.
        let signs: Signs?
        let mark: UInt64?
    }

    let resource: Resource
    private var known: [Key: Sighting] = [:]
    /// While everything is listed again.
    private var seen: Set<Key>?
    /// On the first list everything is new and nothing has changed.
    private(set) var isFirst = true

    init(resource: Resource) { self.resource = resource }

    mutating func beginAgain() { seen = [] }

    /// - Returns: the store, where the object's change matters to it.
    mutating func take(_ object: JSONValue, _ seals: Seals) -> StoreID? {
        let metadata = ObjectMeta(of: object)
        guard let key = key(of: metadata) else { return nil }
        seen?.insert(key)
        let isSealed = resource != .pod && Seal.covers(metadata)
        let sighting = Sighting(
            signs: isFirst ? nil : Signs.of(object, resource),
            mark: isSealed ? Seal.mark(of: metadata, resource, spec: object["spec"]) : nil)
        let before = known.updateValue(sighting, forKey: key)
        if before?.mark != sighting.mark { seals.toggle(key.store, [before?.mark, sighting.mark]) }
        guard let signs = sighting.signs else { return nil }
        let isNews = before.map { isNew(signs, after: $0.signs) } ?? signs.isNewsAtFirstSight
        if isNews, !signs.text.isEmpty { return key.store }
        return before != nil && before?.mark != sighting.mark ? key.store : nil
    }

    /// What the first list did not show is no news when another list does, unless something is wrong.
    private func isNew(_ signs: Signs, after before: Signs?) -> Bool {
        before.map { $0 != signs } ?? (seen == nil || signs.isTrouble)
    }

    /// - Returns: the store, where it matters that the object is gone.
    mutating func drop(_ object: JSONValue, _ seals: Seals) -> StoreID? {
        guard let key = key(of: ObjectMeta(of: object)) else { return nil }
        return drop(key, seals)
    }

    private mutating func drop(_ key: Key, _ seals: Seals) -> StoreID? {
        let before = known.removeValue(forKey: key)
        seals.toggle(key.store, [before?.mark])
        // What another object has made, as a CronJob its Jobs, goes when that has no more use for it.
        return before?.mark == nil ? nil : key.store
    }

    /// Drops what a list that has ended did not show.
    mutating func dropUnseen(_ seals: Seals) -> [StoreID] {
        defer {
            seen = nil
            isFirst = false
        }
        guard let seen else { return [] }
        return known.keys.filter { !seen.contains($0) }.compactMap { drop($0, seals) }
    }

    private func key(of metadata: ObjectMeta) -> Key? {
        StoreID(namespace: metadata.namespace ?? metadata.name).map { Key(store: $0, name: metadata.name) }
    }
}

/// How the objects of every store look together, kept up with what the watches tell.
private final class Seals: Sendable {
    private struct State {
        var seals: [StoreID: Seal] = [:]
        var awaited: Set<Resource>
    }

    private let state: Mutex<State>
    /// All of them, once every kind has been listed.
    let complete: AsyncStream<[StoreID: Seal]>
    private let completed: AsyncStream<[StoreID: Seal]>.Continuation

    init(kinds: [Resource]) {
        state = Mutex(State(awaited: Set(kinds)))
        (complete, completed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func toggle(_ id: StoreID, _ marks: [UInt64?]) {
        state.withLock { state in
            for case let mark? in marks { state.seals[id, default: Seal()].toggle(mark) }
            if state.seals[id] == Seal() { state.seals[id] = nil }
        }
    }

    func note(synced resource: Resource) {
        let all = state.withLock { state in
            state.awaited.remove(resource) != nil && state.awaited.isEmpty ? state.seals : nil
        }
        if let all { completed.yield(all) }
    }

    func finish() { completed.finish() }
}

/// Stores that have changed, each once, until they are taken.
private final class Changes: Sendable {
    private let ids = Mutex<Set<StoreID>>([])
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ id: StoreID) { add([id]) }

    func add(_ added: some Collection<StoreID>) {
        ids.withLock { $0.formUnion(added) }
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
    /// Whether it says that something of a shop that runs is wrong.
    var isTrouble = false

    static func of(_ object: JSONValue, _ resource: Resource) -> Signs {
        switch resource {
        case .namespace: return Signs(text: Namespace(json: object).isTerminating ? "terminating" : "")
        case .persistentVolumeClaim: return Signs(text: PersistentVolumeClaim(json: object).phase == "Bound" ? "bound" : "")
        case .statefulSet:
            let isReady = StatefulSet(json: object).isRolledOut
            return Signs(text: isReady ? "ready" : "unready", isNewsAtFirstSight: isReady, isTrouble: !isReady)
        case .deployment:
            let deployment = Deployment(json: object)
            if deployment.isRolledOut { return Signs(text: "available") }
            let failure = deployment.conditions["ReplicaFailure"]?.message
            return Signs(text: failure ?? "unavailable", isNewsAtFirstSight: failure != nil, isTrouble: true)
        case .job:
            // Its success shows in its pod, two seconds earlier; a CronJob's has another chance in a few minutes.
            let isOurs = Seal.covers(ObjectMeta(of: object))
            return Signs(text: isOurs && Job(json: object).failure != nil ? "failed" : "")
        case .pod:
            let pod = Pod(json: object)
            return Signs(text: pod.isRoutine ? "" : pod.allContainerStatuses.map(sign).joined())
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

extension Pod {
    /// A CronJob's: it comes and goes every few minutes and moves no store on.
    fileprivate var isRoutine: Bool {
        owners.contains { $0.kind == Resource.job.kind } && metadata.labels[Labels.stage] != StageName.setup.rawValue
    }
}
