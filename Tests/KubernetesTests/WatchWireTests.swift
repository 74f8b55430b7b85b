import JSON
import Testing

@testable import Kubernetes

/// Watches over a real socket: what they tell when the server, or the way to it, fails.
@Suite(.timeLimit(.minutes(1)))
struct WatchWireTests {
    static let a = configMap("a", version: 1)
    static let b = configMap("b", version: 11)
    static let c = configMap("c", version: 12)

    /// A server whose list is always `a` at version 10, and whose watches are scripted one by one, those beyond as the last.
    static func withWatches<R>(
        limits: KubernetesClient.Limits = quick(), _ watches: [[ReplayServer.Action]],
        _ body: (inout WatchIterator, ReplayServer) async throws -> R
    ) async throws -> R {
        let count = Counter()
        return try await withServer(limits: limits) { request in
            guard request.parameter("watch") != nil else { return [.answer(200, configMapList([a], version: 10))] }
            let index = count.next()
            return watches[min(index, watches.count - 1)]
        } _: { client, server in
            var iterator = client.watch(.configMap, namespace: "a").makeAsyncIterator()
            let listed = try await iterator.take(2)
            #expect(listed == [.added(a), .synced(resourceVersion: "10")])
            return try await body(&iterator, server)
        }
    }

    static func versions(_ server: ReplayServer) -> [String?] {
        server.requests.filter { $0.parameter("watch") != nil }.map { $0.parameter("resourceVersion") }
    }

    static let again: [WatchEvent] = [.restarted, .added(a), .synced(resourceVersion: "10")]

    @Test func `a list is followed by its changes`() async throws {
        let events: [ReplayServer.Action] = [
            .streamHead, .event("ADDED", Self.b), .event("MODIFIED", Self.c), .event("DELETED", Self.a), .waitForClient,
        ]
        try await Self.withWatches([events]) { iterator, server in
            try await iterator.expect([.added(Self.b), .modified(Self.c), .deleted(Self.a)])
            let watch = try #require(server.requests.last)
            #expect(watch.parameter("allowWatchBookmarks") == "true")
            #expect((270...330).contains(Int(watch.parameter("timeoutSeconds") ?? "") ?? 0))
            #expect(Self.versions(server) == ["10"])
        }
    }

    @Test func `a recorded watch in pieces of seven bytes tells what it told whole`() async throws {
        let recorded = try #require(try Recording.exchange("watch", "deployments while one rolls out").events)
        let bytes = recorded.flatMap { $0.bytes + Array("\n".utf8) }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        try await Self.withWatches([[.send(head), .drip(bytes, pieces: 7), .waitForClient]]) { iterator, _ in
            var expected: [WatchEvent] = []
            for event in recorded {
                let object = try #require(event["object"])
                switch event["type"]?.string {
                case "ADDED": expected.append(.added(object))
                case "MODIFIED": expected.append(.modified(object))
                case "DELETED": expected.append(.deleted(object))
                default: break
                }
            }
            try await iterator.expect(expected)
        }
    }

    @Test(arguments: [ReplayServer.Action.streamEnd, .close, .reset])
    func `an ended connection is resumed after the last event`(end: ReplayServer.Action) async throws {
        let gate = Gate()
        let first: [ReplayServer.Action] = [.streamHead, .event("ADDED", Self.b), .wait(gate), end]
        try await Self.withWatches([first, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, server in
            try await iterator.expect([.added(Self.b)])
            gate.open()
            try await iterator.expect([.added(Self.c)])
            #expect(Self.versions(server) == ["10", "11"])
        }
    }

    @Test func `a bookmark moves the version and says nothing`() async throws {
        let bookmark: JSONValue = ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["resourceVersion": "50"]]
        let first: [ReplayServer.Action] = [.streamHead, .event("BOOKMARK", bookmark), .streamEnd]
        try await Self.withWatches([first, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, server in
            try await iterator.expect([.added(Self.c)])
            #expect(Self.versions(server) == ["10", "50"])
        }
    }

    @Test func `an expired version lists again, told by status or within the stream`() async throws {
        let inStream: [ReplayServer.Action] = [
            .streamHead, .event("ADDED", Self.b), .event("ERROR", ReplayServer.Action.status(410, "Expired")), .streamEnd,
        ]
        for refused in [inStream, [.refusal(410, "Expired")]] {
            try await Self.withWatches([refused, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, server in
                let told = refused.count > 1 ? [WatchEvent.added(Self.b)] : []
                let expected = told + Self.again + [.added(Self.c)]
                try await iterator.expect(expected)
                #expect(Self.versions(server) == ["10", "10"])
            }
        }
    }

    @Test func `a server that always has forgotten is not asked without pause for ever`() async throws {
        let expired = [[ReplayServer.Action]](repeating: [.refusal(410, "Expired")], count: 3)
        try await Self.withWatches(expired + [[.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, server in
            let expected = Self.again + Self.again + Self.again + [.added(Self.c)]
            try await iterator.expect(expected)
        }
    }

    @Test func `an error of the server in the stream is resumed from`() async throws {
        let first: [ReplayServer.Action] = [
            .streamHead, .event("ERROR", ReplayServer.Action.status(500, "InternalError")), .streamEnd,
        ]
        try await Self.withWatches([first, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, server in
            try await iterator.expect([.added(Self.c)])
            #expect(Self.versions(server) == ["10", "10"])
        }
    }

    @Test func `a line cut in the middle is told once, by the next connection`() async throws {
        let line = ReplayServer.Action.line("ADDED", Self.c)
        for end in [ReplayServer.Action.streamEnd, .close] {
            let first: [ReplayServer.Action] = [.streamHead, .event("ADDED", Self.b), .chunk(String(line.prefix(40))), end]
            try await Self.withWatches([first, [.streamHead, .chunk(line), .waitForClient]]) { iterator, server in
                try await iterator.expect([.added(Self.b), .added(Self.c)])
                #expect(Self.versions(server) == ["10", "11"])
            }
        }
    }

    @Test(arguments: [
        [ReplayServer.Action.answer(200, text: "<html>\n</html>\n", type: "text/html")],
        [.answer(200, text: "<html>\n</html>\n", type: "application/json")],
        [.streamHead, .chunk("{\"type\":\"ADDED\",\"object\":{}}\n"), .streamEnd],
    ])
    func `what is no watch lists again`(first: [ReplayServer.Action]) async throws {
        try await Self.withWatches([first, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, _ in
            try await iterator.expect(Self.again + [.added(Self.c)])
        }
    }

    @Test func `a watch that resumes in vain lists again`() async throws {
        let broken = [[ReplayServer.Action]](repeating: [.refusal(500, "InternalError")], count: 4)
        try await Self.withWatches(broken + [[.streamHead, .event("ADDED", Self.c), .waitForClient]]) { iterator, _ in
            try await iterator.expect(Self.again + [.added(Self.c)])
        }
    }

    @Test func `a silent connection is given up and resumed`() async throws {
        let silent: [ReplayServer.Action] = [.streamHead, .event("ADDED", Self.b), .waitForClient]
        let limits = quick { $0.watchSilence = .milliseconds(500) }
        try await Self.withWatches(limits: limits, [silent, [.streamHead, .event("ADDED", Self.c), .waitForClient]]) {
            iterator, server in
            try await iterator.expect([.added(Self.b), .added(Self.c)])
            #expect(Self.versions(server).prefix(2) == ["10", "11"])
        }
    }

    @Test func `what time does not heal ends the watch`() async throws {
        try await Self.withWatches([[.refusal(403, "Forbidden")]]) { iterator, _ in
            do throws(KubernetesError) {
                _ = try await iterator.next()
                Issue.record("no error")
            } catch {
                #expect(error.isForbidden)
            }
        }
    }

    @Test func `an expired page begins the first list again`() async throws {
        try await withServer { request in
            switch (request.parameter("watch"), request.parameter("continue"), request.number) {
            case (.some, _, _): [.streamHead, .waitForClient]
            case (_, nil, _): [.answer(200, configMapList([Self.a], version: 10, continueToken: "t"))]
            case (_, _, 2): [.refusal(410, "Expired", continueToken: "new")]
            default: [.answer(200, configMapList([Self.b], version: 12))]
            }
        } _: { client, server in
            var iterator = client.watch(.configMap).makeAsyncIterator()
            let expected: [WatchEvent] = [
                .added(Self.a), .restarted, .added(Self.a), .added(Self.b), .synced(resourceVersion: "12"),
            ]
            try await iterator.expect(expected)
            #expect(server.requests.map { $0.parameter("continue") } == [nil, "t", nil, "t"])
        }
    }

    @Test func `a slow reader makes the server wait and misses nothing`() async throws {
        let objects = (1...3_000).map { configMap("object-\($0)-" + String(repeating: "x", count: 1_000), version: 100 + $0) }
        let first = [ReplayServer.Action.streamHead] + objects.map { .event("ADDED", $0) } + [.waitForClient]
        try await Self.withWatches(limits: quick { $0.watchBufferBytes = 20_000 }, [first]) { iterator, _ in
            try await iterator.expect(objects.map(WatchEvent.added))
        }
    }

    @Test func `watches are not counted among the calls at once`() async throws {
        let limits = quick { $0.concurrency = 1 }
        try await Self.withWatches(limits: limits, [[.streamHead, .event("ADDED", Self.b), .waitForClient]]) { iterator, server in
            try await iterator.expect([.added(Self.b)])
            let other = KubernetesClient(configuration: ClusterConfiguration(server: server.url), limits: limits)
            var second = other.watch(.configMap).makeAsyncIterator()
            let listed = try await second.take(2)
            #expect(listed.count == 2)
            let page = try await other.list(.configMap)
            #expect(page.items == [Self.a])
        }
    }

    @Test func `cancelling the reader, or letting go of the watch, closes the connection`() async throws {
        try await withServer { request in
            request.parameter("watch") == nil ? [.answer(200, configMapList([], version: 10))] : [.streamHead, .waitForClient]
        } _: { client, server in
            var happenings = server.happenings.makeAsyncIterator()
            let task = Task {
                await failure { () throws(KubernetesError) in
                    for try await _ in client.watch(.configMap) {}
                }
            }
            for _ in 1...2 { _ = await happenings.next() }
            task.cancel()
            #expect(await happenings.next().isClientClosed)
            #expect(await task.value?.isCancelled == true)
        }
        try await withServer { request in
            request.parameter("watch") == nil
                ? [.answer(200, configMapList([], version: 10))] : [.streamHead, .event("ADDED", Self.b), .waitForClient]
        } _: { client, server in
            var happenings = server.happenings.makeAsyncIterator()
            for try await event in client.watch(.configMap) where event == .added(Self.b) { break }
            for _ in 1...2 { _ = await happenings.next() }
            #expect(await happenings.next().isClientClosed)
        }
    }

    @Test func `a watch of metadata asks for no more`() async throws {
        try await withServer { request in
            request.parameter("watch") == nil
                ? [.answer(200, configMapList([], version: 10))] : [.streamHead, .event("ADDED", Self.b), .waitForClient]
        } _: { client, server in
            var iterator = client.watch(.configMap, labelSelector: "x", metadataOnly: true).makeAsyncIterator()
            _ = try await iterator.take(2)
            #expect(
                server.requests.map { $0.headers["accept"] } == [
                    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                ])
            #expect(server.requests.allSatisfy { $0.parameter("labelSelector") == "x" })
        }
    }

    @Test func `one that begins with metadata asks for whole objects from then on, in a later list too`() async throws {
        let watches = Counter()
        try await withServer { request in
            guard request.parameter("watch") != nil else { return [.answer(200, configMapList([], version: 10))] }
            return watches.next() == 0
                ? [.streamHead, .event("ERROR", ReplayServer.Action.status(410, "Expired")), .streamEnd]
                : [.streamHead, .waitForClient]
        } _: { client, server in
            var iterator = client.watch(.configMap, beginsWithMetadata: true).makeAsyncIterator()
            let told = try await iterator.take(3)
            #expect(told == [.synced(resourceVersion: "10"), .restarted, .synced(resourceVersion: "10")])
            #expect(
                server.requests.prefix(3).map { $0.headers["accept"] } == [
                    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/json", "application/json",
                ])
        }
    }
}
