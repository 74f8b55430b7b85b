/// The reading of a `WatchSequence`.
///
/// Not to be shared: one task reads it, at its own pace; the server is made to wait for slow readers.
package struct WatchIterator: AsyncIteratorProtocol {
    private enum Step {
        /// The page after this token; nil for the first.
        case list(continueToken: String?)
        case watch
    }

    private let client: KubernetesClient
    private let selection: KubernetesClient.Selection
    /// Until the first list has ended.
    private var listsMetadata: Bool
    private var step = Step.list(continueToken: nil)
    private var cursor = WatchCursor(resourceVersion: "")
    private var connection: WatchConnection?
    private var splitter: LineSplitter
    private var page: [WatchEvent] = []
    private var pageIndex = 0
    /// Whether anything has been told that a new list makes untrue.
    private var hasToldAnything = false
    /// In a row, without a line of a watch between them.
    private var failures = 0
    private var hasHeard = false

    init(client: KubernetesClient, selection: KubernetesClient.Selection, beginsWithMetadata: Bool) {
        self.client = client
        self.selection = selection
        listsMetadata = beginsWithMetadata
        splitter = LineSplitter(longest: client.limits.watchLineBytes)
    }

    package mutating func next() async throws(KubernetesError) -> WatchEvent? {
        while true {
            if pageIndex < page.count {
                pageIndex += 1
                hasToldAnything = true
                return page[pageIndex - 1]
            }
            if Task.isCancelled { throw .cancelled }
            page = []  // hundreds of objects taken apart: not to be kept while more are read, nor while the watch is on
            pageIndex = 0
            do {
                switch step {
                case .list(let token): try await list(token)
                case .watch: if let event = try await watch() { return event }
                }
            } catch {
                try await recover(from: error)
            }
        }
    }

    // MARK: List

    private mutating func list(_ token: String?) async throws(KubernetesError) {
        var selection = selection
        selection.metadataOnly = selection.metadataOnly || listsMetadata
        // Whole objects are many times as large as their metadata, and several kinds may be listed at once.
        let limit = selection.metadataOnly ? client.limits.pageSize : max(1, client.limits.pageSize / 4)
        let answer = try await client.page(of: selection, limit: limit, continueToken: token)
        page = token == nil && hasToldAnything ? [.restarted] : []
        pageIndex = 0
        page += answer.items.map(WatchEvent.added)
        if let next = answer.continueToken {
            step = .list(continueToken: next)
        } else {
            page.append(.synced(resourceVersion: answer.resourceVersion))
            cursor = WatchCursor(resourceVersion: answer.resourceVersion)
            step = .watch
            listsMetadata = false
        }
    }

    private mutating func listAgain() {
        connection = nil
        step = .list(continueToken: nil)
    }

    // MARK: Watch

    /// The next event; nil if the connection has to be looked at again.
    private mutating func watch() async throws(KubernetesError) -> WatchEvent? {
        guard let current = connection else {
            connection = try open()
            return nil
        }
        if let line = splitter.next() { return try take(cursor.read(line)) }
        if splitter.isOverlong { throw .malformedAnswer("a line of a watch without end") }
        if try await current.read(into: &splitter) { return nil }
        connection = nil
        // Ended in good order after its time, or at once and for no reason: then it is not to be opened again at once.
        guard hasHeard || current.openedAt.duration(to: .now) >= .seconds(1) else { throw .unreachable("the watch ended at once") }
        failures = 0
        return nil
    }

    private mutating func open() throws(KubernetesError) -> WatchConnection {
        let limits = client.limits
        let time = limits.watchTimeout * Double.random(in: 0.9...1.1)
        let path = try client.path(of: selection.resource, namespace: selection.namespace)
        var request = APIRequest(.watch, path, isRepeatable: true)
        request.accept = selection.metadataOnly ? APIRequest.metadata : APIRequest.json
        request.add("watch", "1")
        request.add("allowWatchBookmarks", "true")
        request.add("resourceVersion", cursor.resourceVersion)
        request.add("timeoutSeconds", String(max(1, Int(time / .seconds(1)))))
        request.add("labelSelector", selection.labelSelector)
        splitter = LineSplitter(longest: limits.watchLineBytes)
        hasHeard = false
        return WatchConnection(try client.open(request, timeout: time + limits.requestTimeout), request)
    }

    private mutating func take(_ meaning: WatchCursor.Meaning) throws(KubernetesError) -> WatchEvent? {
        switch meaning {
        case .event(let event):
            hasHeard = true
            failures = 0
            hasToldAnything = true
            return event
        case .nothing:
            hasHeard = true
            failures = 0
        case .expired: throw .status(Status(code: 410, reason: "Expired"))
        case .broken(let status):
            throw .status(Status(code: max(status.code, 500), reason: status.reason, message: status.message))
        case .malformed: throw .malformedAnswer("a line that is no watch event")
        }
        return nil
    }

    // MARK: Faults

    /// Throws on what time does not heal; otherwise returns when it is time to try again, and has set from where.
    private mutating func recover(from error: KubernetesError) async throws(KubernetesError) {
        connection = nil
        if error.isCancelled || Task.isCancelled { throw .cancelled }
        if let deadline = KubernetesClient.deadline, .now >= deadline { throw .timeout }
        if let code = error.status?.code, 400..<500 ~= code, code != 408, code != 410, code != 429 {
            guard code == 401, failures == 0, client.renewToken() else { throw error }
        }
        failures += 1
        // A line we cannot read may have been a change; and where resuming fails again and again a new list is the way out.
        if error.isExpired || error.isMalformedAnswer || failures > 3 { listAgain() }
        // Two lists in a row are no fault yet: the history may be short and the first have taken long.
        if error.isExpired, failures == 1 { return }
        let policy = RetryPolicy(client.limits)
        let wish = error.status?.details?.retryAfterSeconds.map { min(.seconds($0), client.limits.longestRetryAfter) } ?? .zero
        try await client.rest(max(wish, policy.backoff(attempt: failures, chance: .random(in: 0..<1))))
    }
}
