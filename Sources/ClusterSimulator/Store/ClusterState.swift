import Foundation
import JSON

/// Every object of the cluster, and what has lately become of them. One generic table under all kinds; all of it behind one lock.
struct ClusterState {
    /// By kind, namespace and name.
    private var tables: [String: [String: [String: JSONValue]]] = [:]
    private(set) var version = 1
    /// The last changes of each kind, for watches that resume.
    private var history: [String: [Change]] = [:]
    /// By kind and namespace; those over all namespaces under no name.
    private var watchers: [String: [String: [Int: Watcher]]] = [:]
    private var nextWatcher = 0
    /// Objects whose controllers have something to look at, in order, each once.
    var dirty = WorkQueue()
    var journal: Journal?
    private var common = SharedValues()
    /// Names in order, by kind and namespace, for lists; made when asked for and dropped when a name comes or goes.
    private var order: [String: [String: [String]]] = [:]
    /// The same of the namespaces that hold something of a kind.
    private var namespaceOrder: [String: [String]] = [:]
    /// What each namespace holds, for its quotas.
    private(set) var usage = NamespaceUsage()
    /// What runs on each node, for the scheduler.
    private(set) var load = NodeLoad()
    /// Pods that found no room.
    var unscheduled: Set<ObjectKey> = []
    /// Pods that wait for a Secret or a ConfigMap, by namespace.
    var lackingReferences: [String: Set<ObjectKey>] = [:]
    /// What something is already going to happen to after a while: pods by uid, deadlines by their mark.
    var advancing: Set<String> = []
    /// Marks of deadlines that have passed.
    var overdue: Set<String> = []
    /// Owners that are gone, of which dependents may be left; another of the same name may be there by now.
    var removedOwners: Set<ObjectKey> = []
    /// How often in a row something was refused to a controller.
    var failures: [ObjectKey: Int] = [:]
    /// Events that say what has been said before are counted, not repeated.
    var eventNames: [EventIdentity: String] = [:]

    static let historyLimit = 8192

    // MARK: Reading

    subscript(key: ObjectKey) -> JSONValue? { tables[key.kind]?[key.namespace]?[key.name] }

    func object(_ kind: Kind.Known, _ namespace: String, _ name: String) -> JSONValue? {
        tables[Kind.of(kind).id]?[namespace]?[name]
    }

    /// In the order of their keys; of all namespaces where none is given.
    func objects(_ kind: String, in namespace: String?) -> [JSONValue] {
        guard let table = tables[kind] else { return [] }
        if let namespace { return (table[namespace] ?? [:]).sorted { $0.key < $1.key }.map(\.value) }
        return table.sorted { $0.key < $1.key }.flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// A page of a list: at most so many objects that match, in the order of their keys.
    /// - Returns: also how many objects there are behind the last of them, whether they match or not; nil where nobody asks.
    mutating func page(
        _ kind: String, in namespace: String?, after position: ListPosition, limit: Int, countsRest: Bool,
        where matches: (JSONValue) -> Bool
    ) -> (items: [JSONValue], rest: Int?) {
        guard let table = tables[kind] else { return ([], 0) }
        let namespaces = namespace.map { [$0] } ?? namespaces(kind)
        var items: [JSONValue] = []
        var rest = 0
        for namespace in namespaces[namespaces.partitioningIndex(where: { position.isBefore(orIn: $0) })...] {
            guard items.count < limit || countsRest else { break }
            let names = names(kind, namespace)
            for index in names.partitioningIndex(where: { position.isBefore(namespace, $0) })..<names.count {
                if items.count >= limit {
                    rest += names.count - index
                    break
                }
                if let object = table[namespace]?[names[index]], matches(object) { items.append(object) }
            }
        }
        return (items, countsRest ? rest : nil)
    }

    private mutating func namespaces(_ kind: String) -> [String] {
        if let namespaces = namespaceOrder[kind] { return namespaces }
        let namespaces = (tables[kind]?.keys).map { $0.sorted() } ?? []
        namespaceOrder[kind] = namespaces
        return namespaces
    }

    private mutating func names(_ kind: String, _ namespace: String) -> [String] {
        if let names = order[kind]?[namespace] { return names }
        let names = (tables[kind]?[namespace]?.keys).map { $0.sorted() } ?? []
        order[kind, default: [:]][namespace] = names
        return names
    }

    func objects(_ kind: Kind.Known, in namespace: String?) -> [JSONValue] { objects(Kind.of(kind).id, in: namespace) }

    var allKeys: [ObjectKey] {
        tables.flatMap { kind, namespaces in
            namespaces.flatMap { namespace, objects in objects.keys.map { ObjectKey(kind: kind, namespace: namespace, name: $0) } }
        }
    }

    // MARK: Writing

    /// Puts an object in its place with the next version. The caller has admitted it.
    /// - Returns: the object as it is now.
    @discardableResult mutating func put(_ object: JSONValue, as kind: Kind) -> JSONValue {
        let key = ObjectKey(kind: kind.id, namespace: object.namespace, name: object.name)
        let old = self[key]
        var object = object
        if let old, old == object { return old }
        version += 1
        object.set(["metadata", "resourceVersion"], .string(String(version)))
        if kind.hasGeneration {
            let generation = old?[path: "metadata", "generation"]?.integer ?? 0
            // A pod's specification changes once by its binding to a node, which is not counted.
            let isBinding = old != nil && old?[path: "spec", "nodeName"] != object[path: "spec", "nodeName"]
            let isNew = old == nil || (old?["spec"] != object["spec"] && !isBinding)
            let begunToGo = kind.name != "Pod" && old?.isBeingDeleted == false && object.isBeingDeleted
            object.set(["metadata", "generation"], .integer(isNew || begunToGo ? generation + 1 : generation))
        }
        object = common.share(object)
        if old == nil { order[kind.id]?[key.namespace] = nil }
        if tables[kind.id]?[key.namespace] == nil { namespaceOrder[kind.id] = nil }
        tables[kind.id, default: [:]][key.namespace, default: [:]][key.name] = object
        count(object, insteadOf: old, key)
        record(Change(version: version, type: old == nil ? .added : .modified, object: object, old: old), key)
        return object
    }

    mutating func remove(_ key: ObjectKey) {
        guard var object = self[key] else { return }
        version += 1
        tables[key.kind]?[key.namespace]?[key.name] = nil
        if tables[key.kind]?[key.namespace]?.isEmpty == true {
            tables[key.kind]?[key.namespace] = nil
            namespaceOrder[key.kind] = nil
        }
        order[key.kind]?[key.namespace] = nil
        forget(object, key)
        object.set(["metadata", "resourceVersion"], .string(String(version)))
        count(nil, insteadOf: object, key)
        record(Change(version: version, type: .deleted, object: object, old: object), key)
    }

    /// What was noted about an object that is gone.
    private mutating func forget(_ object: JSONValue, _ key: ObjectKey) {
        unscheduled.remove(key)
        lackingReferences[key.namespace]?.remove(key)
        if lackingReferences[key.namespace]?.isEmpty == true { lackingReferences[key.namespace] = nil }
        failures[key] = nil
        advancing.remove(object.uid)
        for mark in ["deadline", "sync", "ttl"] { overdue.remove("\(mark) \(object.uid)") }
        if object["spec"] != nil, !key.namespace.isEmpty { removedOwners.insert(key) }
        if key.kind == "events" { eventNames[EventIdentity(of: object)] = nil }
    }

    /// Keeps the namespace's usage, and has its quotas looked at when that has changed.
    private mutating func count(_ object: JSONValue?, insteadOf old: JSONValue?, _ key: ObjectKey) {
        if key.kind == "pods", load.change(from: old, to: object) {
            for pod in unscheduled { dirty.add(pod) }
            if let old { releaseClaims(of: old) }
        }
        guard !key.namespace.isEmpty, usage.change(from: old, to: object, key) else { return }
        for name in tables[Kind.of(.quota).id]?[key.namespace]?.keys ?? [:].keys {
            dirty.add(ObjectKey(kind: Kind.of(.quota).id, namespace: key.namespace, name: name))
        }
    }

    private mutating func record(_ change: Change, _ key: ObjectKey) {
        journal?.append(change, key)
        history[key.kind, default: []].append(change)
        if let count = history[key.kind]?.count, count > 2 * ClusterState.historyLimit {
            history[key.kind]?.removeFirst(count - ClusterState.historyLimit)
        }
        if let watchers = watchers[key.kind] {
            for watcher in (watchers[""] ?? [:]).values { watcher.take(change) }
            if !key.namespace.isEmpty { for watcher in (watchers[key.namespace] ?? [:]).values { watcher.take(change) } }
        }
        dirty.add(key, change)
        if key.kind == "secrets" || key.kind == "configmaps" {
            for pod in lackingReferences[key.namespace] ?? [] { dirty.add(pod) }
        }
    }

    /// For a state that is read back: as it was, without telling anybody.
    mutating func restore(_ object: JSONValue, kind: String) {
        let key = ObjectKey(kind: kind, namespace: object.namespace, name: object.name)
        count(object, insteadOf: self[key], key)
        tables[kind, default: [:]][object.namespace, default: [:]][object.name] = common.share(object)
        version = max(version, object.resourceVersion)
    }

    mutating func restoreRemoval(_ key: ObjectKey, version removed: Int) {
        count(nil, insteadOf: self[key], key)
        order[key.kind]?[key.namespace] = nil
        tables[key.kind]?[key.namespace]?[key.name] = nil
        version = max(version, removed)
    }

    // MARK: Watching

    enum WatchStart {
        case started(Int)
        /// The version has fallen out of the window.
        case expired
    }

    /// Hands a watcher everything since a version, and everything from now on.
    mutating func watch(_ watcher: Watcher, _ kind: String, since from: Int) -> WatchStart {
        let window = history[kind] ?? []
        if from < version, let first = window.first, window.count >= ClusterState.historyLimit, from < first.version - 1 {
            return .expired
        }
        if from < oldestVersion { return .expired }
        for change in window where change.version > from {
            if watcher.namespace == nil || watcher.namespace == change.object.namespace { watcher.take(change) }
        }
        nextWatcher += 1
        watchers[kind, default: [:]][watcher.namespace ?? "", default: [:]][nextWatcher] = watcher
        return .started(nextWatcher)
    }

    mutating func unwatch(_ id: Int, _ watcher: Watcher, _ kind: String) {
        let namespace = watcher.namespace ?? ""
        watchers[kind]?[namespace]?[id] = nil
        if watchers[kind]?[namespace]?.isEmpty == true { watchers[kind]?[namespace] = nil }
    }

    /// Versions before a restart cannot be resumed from: the history is not kept.
    var oldestVersion = 0
}

/// What controllers are to look at, each once however often it changed.
struct WorkQueue {
    private var order: [ObjectKey] = []
    private var waiting: Set<ObjectKey> = []
    /// Wakes the controllers.
    var signal: AsyncStream<Void>.Continuation?

    mutating func add(_ key: ObjectKey, _ change: Change) {
        add(key)
        // Whoever owns it, and its namespace when that is going, have something to look at too.
        if let owner = change.object.controller, let kind = Kind.all.first(where: { $0.name == owner["kind"]?.string }) {
            add(ObjectKey(kind: kind.id, namespace: key.namespace, name: owner["name"]?.string ?? ""))
        }
        if change.type == .deleted, !key.namespace.isEmpty {
            add(ObjectKey(kind: Kind.of(.namespace).id, namespace: "", name: key.namespace))
        }
    }

    mutating func add(_ key: ObjectKey) {
        guard waiting.insert(key).inserted else { return }
        order.append(key)
        signal?.yield()
    }

    mutating func takeAll() -> [ObjectKey] {
        defer {
            order = []
            waiting = []
        }
        return order
    }
}

extension [String] {
    /// The first index whose element, and every one behind it, is as asked.
    fileprivate func partitioningIndex(where isBehind: (String) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
