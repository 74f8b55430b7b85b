import JSON

/// One change of one object. Shared by all who are told of it; its line is written once.
final class Change: Sendable {
    enum ChangeType: String { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }

    let version: Int
    let type: ChangeType
    let object: JSONValue
    /// Before the change; tells a selector whether the object was in sight.
    let old: JSONValue?
    private let lines = Guarded<[ChangeType: [UInt8]]>([:])

    init(version: Int, type: ChangeType, object: JSONValue, old: JSONValue?) {
        self.version = version
        self.type = type
        self.object = object
        self.old = old
    }

    /// As a watch of whole objects writes it.
    /// - Parameter type: what it is to the watch: an object that comes into a selector's sight is added.
    func line(_ type: ChangeType, _ kind: Kind) -> [UInt8] {
        lines.withLock { lines in
            if let line = lines[type] { return line }
            let line = Change.line(type.rawValue, object.named(kind))
            lines[type] = line
            return line
        }
    }

    static func line(_ type: String, _ object: JSONValue) -> [UInt8] {
        var bytes = Array("{\"type\":\"\(type)\",\"object\":".utf8)
        object.write(to: &bytes)
        bytes += Array("}\n".utf8)
        return bytes
    }
}

/// Where a watch's changes go: they are taken in one go by whoever sends them, however many there are by then.
final class Watcher: Sendable {
    private struct Pending {
        var changes: [Change] = []
        var isFinished = false
        var isCut = false
    }

    let namespace: String?
    private let pending = Guarded(Pending())
    private let signal: AsyncStream<Void>.Continuation
    /// Wakes the sender.
    let signals: AsyncStream<Void>

    /// A reader who is this far behind is cut off, as a real server does.
    private static let limit = 20_000

    init(namespace: String?) {
        self.namespace = namespace
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func take(_ change: Change) {
        let isBehind = pending.withLock { pending in
            guard !pending.isFinished else { return false }
            pending.changes.append(change)
            return pending.changes.count > Watcher.limit
        }
        if isBehind { finish(cut: true) } else { signal.yield() }
    }

    func takeAll() -> [Change] {
        pending.withLock { pending in
            defer { pending.changes = [] }
            return pending.changes
        }
    }

    /// - Parameter cut: not in good order.
    func finish(cut: Bool = false) {
        pending.withLock { pending in
            pending.isFinished = true
            pending.isCut = pending.isCut || cut
        }
        signal.finish()
    }

    var isCut: Bool { pending.withLock { $0.isCut } }
}
