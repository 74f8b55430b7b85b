import Foundation
import HTTP
import JSON
import Synchronization

extension APIServer {
    /// A stream of changes: from a version, from now, or beginning with everything there is.
    func watch(_ call: APICall) throws(APIFailure) -> Response {
        let given = call.query("resourceVersion") ?? ""
        guard given.isEmpty || Int(given) != nil else {
            let message = "resourceVersion: Invalid value: \"\(given)\": strconv.ParseUint: parsing \"\(given)\": invalid syntax"
            return .json(APIFailure(code: 500, reason: "", message: message).document, status: .init(500))
        }
        let timeout = Duration.seconds(call.query("timeoutSeconds").flatMap { Int($0) } ?? 1800)
        let bookmarks = call.query("allowWatchBookmarks") == "true"
        let from = given.isEmpty || given == "0" || call.query("sendInitialEvents") == "true" ? nil : Int(given)
        let watcher = Watcher(namespace: call.target.kind.isNamespaced ? call.target.namespace : nil)
        let start = cluster.change { state in
            let initial = from == nil ? state.objects(call.target.kind.id, in: call.target.listNamespace) : []
            return (state.watch(watcher, call.target.kind.id, since: from ?? state.version), initial, state.version)
        }
        let stream = WatchStream(call: call, watcher: watcher, bookmarks: bookmarks, wantsInitial: from == nil)
        let cluster = cluster
        return Response(
            .ok, headers: ["Content-Type": "application/json"],
            body: .stream { writer in
                guard case .started(let id) = start.0 else {
                    try await writer.write(stream.line("ERROR", WatchStream.expired(from ?? 0)))
                    return
                }
                defer { cluster.change { $0.unwatch(id, call.target.kind.id) } }
                try await stream.send(initial: start.1, version: start.2, timeout: timeout, to: writer)
            })
    }
}

private struct WatchStream: Sendable {
    let call: APICall
    let watcher: Watcher
    let bookmarks: Bool
    let wantsInitial: Bool

    func send(initial: [JSONValue], version: Int, timeout: Duration, to writer: ResponseWriter) async throws {
        try await writer.write([])
        if wantsInitial {
            for object in initial where call.matches(object) { try await writer.write(line("ADDED", shown(object))) }
            if bookmarks { try await writer.write(bookmark(version, endsInitial: true)) }
        }
        let ending = Task {
            try await Task.sleep(for: timeout)
            watcher.finish()
        }
        let latest = Latest(version: version)
        // A bookmark a minute, so that a quiet watch resumes from a recent version, and a dead client is noticed.
        let ticking = Task {
            while bookmarks {
                try await Task.sleep(for: .seconds(60))
                try await writer.write(bookmark(latest.version.withLock { $0 }, endsInitial: false))
            }
        }
        defer {
            ending.cancel()
            ticking.cancel()
        }
        for await change in watcher.changes {
            latest.version.withLock { $0 = change.version }
            if let event = event(for: change) { try await writer.write(event) }
        }
        if bookmarks { try await writer.write(bookmark(latest.version.withLock { $0 }, endsInitial: false)) }
    }

    /// What this watch sees of a change: an object that comes into its selector is added, one that leaves it is deleted.
    private func event(for change: Change) -> [UInt8]? {
        let isIn = change.type != .deleted && call.matches(change.object)
        let wasIn = change.old.map(call.matches) ?? false
        switch (wasIn, isIn) {
        case (false, true): return line("ADDED", shown(change.object))
        case (true, true): return line("MODIFIED", shown(change.object))
        case (true, false): return line("DELETED", shown(change.object))
        case (false, false): return nil
        }
    }

    private func shown(_ object: JSONValue) -> JSONValue {
        guard let table = call.table else { return call.shown(object) }
        return table.document(of: [object], metadata: ["resourceVersion": .string(String(object.resourceVersion))])
    }

    func line(_ type: String, _ object: JSONValue) -> [UInt8] {
        var bytes = Array("{\"type\":\"\(type)\",\"object\":".utf8)
        object.write(to: &bytes)
        bytes += Array("}\n".utf8)
        return bytes
    }

    private func bookmark(_ version: Int, endsInitial: Bool) -> [UInt8] {
        var metadata: JSONValue = ["resourceVersion": .string(String(version)), "creationTimestamp": .null]
        if endsInitial { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        return line(
            "BOOKMARK",
            ["kind": .string(call.target.kind.name), "apiVersion": .string(call.target.kind.apiVersion), "metadata": metadata])
    }

    static func expired(_ version: Int) -> JSONValue {
        APIFailure(code: 410, reason: "Expired", message: "too old resource version: \(version)").document
    }
}

/// The last version that a watch has passed on.
private final class Latest: Sendable {
    let version: Mutex<Int>

    init(version: Int) { self.version = Mutex(version) }
}
