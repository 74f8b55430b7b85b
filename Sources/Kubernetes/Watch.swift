package import JSON
import Synchronization

/// What a watch tells, in order.
package enum WatchEvent: Sendable, Equatable {
    /// What was known is to be forgotten: everything there is follows as `added`, then `synced`.
    case restarted
    /// Everything that was there has been told.
    case synced
    case added(JSONValue)
    case modified(JSONValue)
    case deleted(JSONValue)
    /// The API server cannot be watched at the moment; it is tried again. For the log.
    case interrupted(KubernetesError)
}

extension KubernetesClient {
    /// Everything of a kind and every change of it, for as long as the sequence is read: lists, then watches from there.
    ///
    /// Broken connections resume at the last version seen; a version that has become too old (410, as a status or inside the stream) begins
    /// anew with `restarted`. Bookmarks move the version, errors never do.
    package func watch(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, metadataOnly: Bool = false
    ) -> AsyncStream<WatchEvent> {
        AsyncStream { continuation in
            let watch = Watch(
                client: self, resource: resource, namespace: namespace, labelSelector: labelSelector, metadataOnly: metadataOnly,
                tell: { continuation.yield($0) })
            let task = Task {
                await watch.run()
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

private struct Watch: Sendable {
    let client: KubernetesClient
    let resource: Resource
    let namespace: String?
    let labelSelector: String?
    let metadataOnly: Bool
    let tell: @Sendable (WatchEvent) -> Void

    func run() async {
        var version: String?
        var failures = 0
        while !Task.isCancelled {
            do {
                if version == nil { version = try await list() }
                guard let from = version else { continue }
                let reader = WatchReader(version: from, tell: tell)
                defer { version = reader.resumption }
                try await follow(from: from, reader)
                try reader.checkEnd()
                failures = 0
            } catch let error as KubernetesError {
                if Task.isCancelled { return }
                if error.isExpired {
                    version = nil
                } else {
                    failures += 1
                    tell(.interrupted(error))
                }
            } catch {
                return  // every call throws KubernetesError; anything else is a cancellation
            }
            let ceiling = min(10_000, 100 << min(failures, 7))
            do {
                try await Task.sleep(
                    for: .milliseconds(failures == 0 ? Int.random(in: 0...20) : Int.random(in: ceiling / 2...ceiling)))
            } catch {
                return
            }
        }
    }

    private func list() async throws -> String {
        let page = try await client.list(resource, namespace: namespace, labelSelector: labelSelector, metadataOnly: metadataOnly)
        tell(.restarted)
        for item in page.items { tell(.added(item)) }
        tell(.synced)
        return page.resourceVersion
    }

    private func follow(from version: String, _ reader: WatchReader) async throws {
        // Watches of one process must not all end in the same moment.
        let seconds = Int.random(in: 240...300)
        var query = [
            ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", version), ("timeoutSeconds", String(seconds)),
        ]
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        let accept = metadataOnly ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" : "application/json"
        let exchange = KubernetesClient.Exchange(
            verb: "watch", path: resource.path(namespace: namespace), query: query, accept: accept)
        // The server ends the stream itself; one that is still open well after that is dead.
        try await client.stream(exchange, timeout: .seconds(seconds + 30)) { reader.take($0) }
    }
}

/// Cuts a watch's stream into lines, whatever pieces it comes in, and keeps the version to resume from.
final class WatchReader: Sendable {
    private struct State {
        var line: [UInt8] = []
        var version: String?
        var failure: KubernetesError?
    }

    private let state: Mutex<State>
    private let tell: @Sendable (WatchEvent) -> Void

    init(version: String, tell: @escaping @Sendable (WatchEvent) -> Void) {
        state = Mutex(State(version: version))
        self.tell = tell
    }

    /// Where to go on; nil where everything is to be listed again.
    var resumption: String? { state.withLock { $0.version } }

    /// - Throws: what the stream itself said was wrong.
    func checkEnd() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func take(_ bytes: [UInt8]) {
        let events = state.withLock { state in
            guard state.failure == nil else { return [WatchEvent]() }
            var events: [WatchEvent] = []
            var rest = bytes[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.line.append(contentsOf: rest[..<end])
                rest = rest[(end + 1)...]
                let line = state.line
                state.line = []
                if !line.isEmpty, let event = WatchReader.read(line, &state) { events.append(event) }
            }
            state.line.append(contentsOf: rest)
            return events
        }
        for event in events { tell(event) }
    }

    private static func read(_ line: [UInt8], _ state: inout State) -> WatchEvent? {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: line, allowingNUL: true)
        } catch {
            state.failure = KubernetesError(.malformedAnswer("a watch event is no JSON: \(error)"))
            return nil
        }
        let object = document["object"] ?? .null
        let version = object[path: "metadata", "resourceVersion"]?.string
        switch document["type"]?.string {
        case "ADDED": state.version = version ?? state.version; return .added(object)
        case "MODIFIED": state.version = version ?? state.version; return .modified(object)
        case "DELETED": state.version = version ?? state.version; return .deleted(object)
        case "BOOKMARK": state.version = version ?? state.version; return nil
        case "ERROR":
            let failure = KubernetesError(.status(Status(json: object, code: 500)))
            if failure.isExpired { state.version = nil }
            state.failure = failure
            return nil
        default: return nil  // a type of a newer server
        }
    }
}
