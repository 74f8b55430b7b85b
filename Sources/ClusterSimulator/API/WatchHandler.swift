import Foundation
import HTTP
import JSON

extension APIServer {
    /// A stream of changes: from a version, from now, or beginning with everything there is.
    func watch(_ call: APICall, _ faults: [Fault] = []) throws(APIFailure) -> Response {
        let given = call.query("resourceVersion") ?? ""
        guard given.isEmpty || Int(given) != nil else {
            let message = "resourceVersion: Invalid value: \"\(given)\": strconv.ParseUint: parsing \"\(given)\": invalid syntax"
            return .json(APIFailure(code: 500, reason: "", message: message).document, status: .init(500))
        }
        let timeout = Duration.seconds(call.query("timeoutSeconds").flatMap { Int($0) } ?? 1800)
        let bookmarks = call.query("allowWatchBookmarks") == "true"
        let from = given.isEmpty || given == "0" || call.query("sendInitialEvents") == "true" ? nil : Int(given)
        let watcher = Watcher(namespace: call.target.kind.isNamespaced ? call.target.namespace : nil)
        let isExpired = faults.contains(.watchExpired)
        let start = cluster.change { state -> (ClusterState.WatchStart, [JSONValue], Int) in
            if isExpired { return (.expired, [], state.version) }
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
                let cutting = Task {
                    for case .watchCut(let seconds) in faults {
                        try await Task.sleep(for: .seconds(seconds))
                        stream.watcher.finish(cut: true)
                    }
                }
                defer { cutting.cancel() }
                defer { cluster.change { $0.unwatch(id, watcher, call.target.kind.id) } }
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
        let latest = Guarded(version)  // what has been passed on
        // A bookmark a minute, so that a quiet watch resumes from a recent version, and a dead client is noticed.
        let ticking = Task {
            while bookmarks {
                try await Task.sleep(for: .seconds(60))
                try await writer.write(bookmark(latest.withLock { $0 }, endsInitial: false))
            }
        }
        defer {
            ending.cancel()
            ticking.cancel()
        }
        for await _ in watcher.signals { try await send(watcher.takeAll(), latest, to: writer) }
        try await send(watcher.takeAll(), latest, to: writer)
        if watcher.isCut { throw ClientGone() }  // without the end of the stream
        if bookmarks { try await writer.write(bookmark(latest.withLock { $0 }, endsInitial: false)) }
    }

    private func send(_ changes: [Change], _ latest: Guarded<Int>, to writer: ResponseWriter) async throws {
        guard let last = changes.last else { return }
        try await writer.write(changes.count == 1 ? event(for: last) ?? [] : changes.flatMap { event(for: $0) ?? [] })
        latest.withLock { $0 = last.version }
    }

    /// What this watch sees of a change: an object that comes into its selector is added, one that leaves it is deleted.
    private func event(for change: Change) -> [UInt8]? {
        let isIn = change.type != .deleted && call.matches(change.object)
        let wasIn = change.old.map(call.matches) ?? false
        let type: Change.ChangeType
        switch (wasIn, isIn) {
        case (false, true): type = .added
        case (true, true): type = .modified
        case (true, false): type = .deleted
        case (false, false): return nil
        }
        if call.isMetadataOnly || call.table != nil { return line(type.rawValue, shown(change.object)) }
        return change.line(type, call.target.kind)
    }

    private func shown(_ object: JSONValue) -> JSONValue {
        guard let table = call.table else { return call.shown(object) }
        return table.document(of: [object], metadata: ["resourceVersion": .string(String(object.resourceVersion))])
    }

    func line(_ type: String, _ object: JSONValue) -> [UInt8] { Change.line(type, object) }

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
