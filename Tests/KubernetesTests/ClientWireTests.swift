import Foundation
import JSON
import Synchronization
import Testing

@testable import Kubernetes

/// The client against a server that does what it is told, over a real socket.
@Suite(.timeLimit(.minutes(1)))
struct ClientWireTests {
    @Test func `twenty calls in sequence share one connection`() async throws {
        try await withServer { _ in
            [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            for _ in 1...20 { _ = try await client.get(configMapA) }
            #expect(server.connections == 1)
            #expect(client.statistics == Statistics(calls: [.get: 20], retries: 0, failures: 0, connections: 1))
        }
    }

    @Test func `each call says what the API wants to hear`() async throws {
        try await withServer(token: "t0ken") { request in
            request.path.hasSuffix("/secrets") && request.method == "GET"
                ? [.answer(200, ["kind": "SecretList", "metadata": ["resourceVersion": "1"], "items": .null])]
                : [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            let manifest = configMap("a", version: 1)
            _ = try await client.create(manifest, as: .configMap)
            _ = try await client.apply(manifest, as: .configMap, force: false)
            try await client.delete(configMapA, uid: "u", gracePeriodSeconds: 1, propagation: .foreground)
            try await client.deleteAll(.pod, namespace: "a", gracePeriodSeconds: 0)
            let secrets = try await client.list(Secret.self, namespace: "a", labelSelector: "x=y,z")
            #expect(secrets.isEmpty)
            #expect(
                server.requests.map { "\($0.method) \($0.target)" } == [
                    "POST /api/v1/namespaces/a/configmaps?fieldManager=store-platform&fieldValidation=Strict",
                    "PATCH /api/v1/namespaces/a/configmaps/a?fieldManager=store-platform&force=false&fieldValidation=Strict",
                    "DELETE /api/v1/namespaces/a/configmaps/a",
                    "DELETE /api/v1/namespaces/a/pods",
                    "GET /api/v1/namespaces/a/secrets?labelSelector=x%3Dy%2Cz&limit=500",
                ])
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer t0ken" })
            #expect(
                server.requests.map { $0.headers["content-type"] } == [
                    "application/json", "application/apply-patch+yaml", "application/json", "application/json", nil,
                ])
            #expect(try JSONValue(parsing: server.requests[1].body) == manifest)
            #expect(
                try JSONValue(parsing: server.requests[2].body) == [
                    "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "u"], "gracePeriodSeconds": 1,
                    "propagationPolicy": "Foreground",
                ])
        }
    }

    @Test func `a name cannot reach another object, and none at all is refused`() async throws {
        try await withServer { _ in
            [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            for name in ["../../namespaces/b", "..", "a?x=y"] {
                _ = try await client.get(ObjectReference(resource: .configMap, namespace: "a", name: name))
            }
            let prefix = "/api/v1/namespaces/a/configmaps/"
            #expect(server.requests.map(\.target) == ["..%2F..%2Fnamespaces%2Fb", "..", "a%3Fx%3Dy"].map { prefix + $0 })
            for (namespace, name) in [("a", ""), ("", "a")] {
                let reference = ObjectReference(resource: .configMap, namespace: namespace, name: name)
                #expect(
                    await failure { () throws(KubernetesError) in try await client.delete(reference, uid: "u") }?.isBadRequest
                        == true)
            }
            let all = await failure { () throws(KubernetesError) in
                try await client.deleteAll(.namespace, namespace: "a", gracePeriodSeconds: nil)
            }
            #expect(all?.isBadRequest == true)
            #expect(server.requests.count == 3)
        }
    }

    @Test func `a refusal is thrown with the server's words`() async throws {
        try await withServer { _ in
            [.refusal(404, "NotFound")]
        } _: { client, _ in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isNotFound == true)
            #expect(error?.description == "GET /api/v1/namespaces/a/configmaps/a: 404 NotFound: said NotFound")
            #expect(client.statistics.failures == 1)
        }
    }

    // MARK: Again or not

    @Test func `too many requests are waited out, even by a POST`() async throws {
        try await withServer { request in
            request.number < 3
                ? [.refusal(429, "TooManyRequests", headers: ["Retry-After: 0"])] : [.answer(201, configMap("a", version: 1))]
        } _: { client, server in
            _ = try await client.create(configMap("a", version: 1), as: .configMap)
            #expect(server.requests.count == 3)
            #expect(client.statistics.retries == 2)
        }
    }

    @Test func `a server that stays busy is answered with its own refusal`() async throws {
        try await withServer { _ in
            [.refusal(429, "TooManyRequests", headers: ["Retry-After: 0"])]
        } _: { client, server in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isTooManyRequests == true)
            #expect(server.requests.count == client.limits.attempts)
        }
    }

    @Test func `a pause that would outlast the deadline is not begun`() async throws {
        try await withServer { _ in
            [.refusal(503, "ServiceUnavailable", headers: ["Retry-After: 2000"])]
        } _: { client, server in
            let deadline = ContinuousClock.Instant.now + .seconds(300)
            let error = await KubernetesClient.$bound.withValue(.init { deadline }) {
                await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            }
            #expect(error?.status?.code == 503)
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: ["get", "apply", "delete"])
    func `a reset connection is tried again where that is harmless`(verb: String) async throws {
        try await withServer {
            $0.number == 1 ? [.reset] : [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            switch verb {
            case "get": _ = try await client.get(configMapA)
            case "apply": _ = try await client.apply(configMap("a", version: 1), as: .configMap)
            default: try await client.delete(configMapA, uid: "u")
            }
            #expect(server.requests.count == 2)
            #expect(client.statistics.retries == 1)
        }
    }

    @Test(arguments: ["create", "delete", "deleteAll"], [ReplayServer.Action.reset, .close])
    func `what may have been done is not sent again`(verb: String, end: ReplayServer.Action) async throws {
        // The first call leaves a kept connection, on which libcurl itself would repeat a request.
        try await withServer {
            $0.method == "GET" ? [.answer(200, configMap("a", version: 1))] : [end]
        } _: { client, server in
            _ = try await client.get(configMapA)
            let error = await failure { () throws(KubernetesError) in
                switch verb {
                case "create": _ = try await client.create(configMap("a", version: 1), as: .configMap)
                case "delete": try await client.delete(configMapA, uid: nil)
                default: try await client.deleteAll(.pod, namespace: "a", gracePeriodSeconds: nil)
                }
            }
            #expect(error?.isUnreachable == true)
            #expect(server.requests.filter { $0.method != "GET" }.count == 1)
        }
    }

    @Test func `a deletion whose answer was lost has been done`() async throws {
        try await withServer {
            $0.number == 1 ? [.reset] : [.refusal(404, "NotFound")]
        } _: { client, server in
            try await client.delete(configMapA, uid: "u")
            #expect(server.requests.count == 2)
        }
    }

    @Test func `a server that is not there is unreachable, after some attempts`() async throws {
        let server = try ReplayServer { _ in [.close] }
        server.stop()
        let client = KubernetesClient(configuration: ClusterConfiguration(server: server.url), limits: quick())
        let error = await failure { () throws(KubernetesError) in
            try await client.create(configMap("a", version: 1), as: .configMap)
        }
        #expect(error?.isUnreachable == true)
        #expect(client.statistics.retries == client.limits.attempts - 1)
    }

    // MARK: Answers that are none

    @Test(arguments: [
        ReplayServer.Action.answer(200, text: "<html>", type: "text/html"),
        .answer(200, text: #"{"kind":"Conf"#, type: "application/json"),
        .answer(200, text: "[]", type: "application/json"), .answer(200, text: "", type: "application/json"),
    ])
    func `an answer that is not the API's is malformed, and its text not told`(answer: ReplayServer.Action) async throws {
        try await withServer { _ in
            [answer]
        } _: { client, _ in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isMalformedAnswer == true)
            #expect(error?.description.contains("Conf\"") == false)
        }
    }

    @Test func `a page of a proxy is known by its code alone`() async throws {
        try await withServer { _ in
            [.answer(502, text: "<h1>Bearer t0ken</h1>", type: "text/html")]
        } _: { client, _ in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.status == Status(code: 502))
            #expect(error?.description.hasSuffix(": HTTP 502") == true)
        }
    }

    @Test(arguments: [400, 403, 404, 409, 410, 422])
    func `a page of a proxy is not the API server's refusal`(code: Int) async throws {
        try await withServer { _ in
            [.answer(code, text: "404 page not found", type: "text/plain")]
        } _: { client, _ in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isMalformedAnswer == true && error?.isNotFound == false && error?.isConflict == false)
            #expect(error?.description.hasSuffix("HTTP \(code) without a Status") == true, "\(error?.description ?? "")")
        }
    }

    @Test func `a redirect is not followed`() async throws {
        try await withServer { _ in
            [.answer(302, headers: ["Location: /elsewhere"])]
        } _: { client, server in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.status?.code == 302)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `an answer beyond the limit is cut off`() async throws {
        let limits = quick { $0.answerBytes = 1_000 }
        try await withServer(limits: limits) { _ in
            [.answer(200, text: String(repeating: " ", count: 1_001), type: "application/json")]
        } _: { client, _ in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isMalformedAnswer == true)
        }
    }

    // MARK: Time and cancellation

    @Test func `no call outlasts its deadline, be it under way or waiting for its turn`() async throws {
        let gate = Gate()
        let limits = quick { $0.concurrency = 1 }
        try await withServer(limits: limits) { _ in
            [.wait(gate), .answer(200, configMap("a", version: 1))]
        } _: { client, server in
            async let first = client.get(configMapA)
            var happenings = server.happenings.makeAsyncIterator()
            _ = await happenings.next()
            let deadline = ContinuousClock.Instant.now + .milliseconds(20)
            let waiting = await KubernetesClient.$bound.withValue(.init { deadline }) {
                await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            }
            #expect(waiting?.isTimeout == true)
            gate.open()
            _ = try await first
            #expect(server.requests.count == 1)
        }
        try await withServer { _ in
            [.waitForClient]
        } _: { client, server in
            let deadline = ContinuousClock.Instant.now + .milliseconds(20)
            let error = await KubernetesClient.$bound.withValue(.init { deadline }) {
                await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            }
            #expect(error?.isTimeout == true)
        }
    }

    @Test func `nothing is sent once the deadline has passed`() async throws {
        try await withServer { _ in
            [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            let deadline = ContinuousClock.Instant.now - .seconds(1)
            let error = await KubernetesClient.$bound.withValue(.init { deadline }) {
                await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            }
            #expect(error?.isTimeout == true)
            _ = try await client.get(configMapA)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a server that says nothing is left after the timeout`() async throws {
        let limits = quick { $0.requestTimeout = .milliseconds(20) }
        try await withServer(limits: limits) { _ in
            [.waitForClient]
        } _: { client, server in
            let error = await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            #expect(error?.isTimeout == true)
            #expect(server.requests.count <= 1)
        }
    }

    @Test func `cancelling a task closes its connection`() async throws {
        try await withServer { _ in
            [.waitForClient]
        } _: { client, server in
            let task = Task { await failure { () throws(KubernetesError) in try await client.get(configMapA) } }
            var happenings = server.happenings.makeAsyncIterator()
            #expect(await happenings.next().isRequest)
            task.cancel()
            #expect(await happenings.next().isClientClosed)
            #expect(await task.value?.isCancelled == true)
        }
    }

    @Test func `a task already cancelled sends nothing`() async throws {
        try await withServer { _ in
            [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            let gate = AsyncStream<Void>.makeStream()
            let task = Task {
                for await _ in gate.stream {}
                return await failure { () throws(KubernetesError) in try await client.get(configMapA) }
            }
            task.cancel()
            #expect(await task.value?.isCancelled == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `letting go of a client closes its connections`() async throws {
        let server = try ReplayServer { _ in [.answer(200, configMap("a", version: 1))] }
        defer { server.stop() }
        do {
            let client = KubernetesClient(configuration: ClusterConfiguration(server: server.url), limits: quick())
            _ = try await client.get(configMapA)
        }
        var happenings = server.happenings.makeAsyncIterator()
        _ = await happenings.next()
        #expect(await happenings.next().isClientClosed)
    }

    @Test func `no more than the limit are under way at once, and all come to an end`() async throws {
        let gate = Gate()
        let load = Mutex((now: 0, most: 0))
        let limits = quick { $0.concurrency = 3 }
        try await withServer(limits: limits) { _ in
            load.withLock { load in
                load.now += 1
                load.most = max(load.most, load.now)
            }
            gate.waitUntilOpen()
            load.withLock { $0.now -= 1 }
            return [.answer(200, configMap("a", version: 1))]
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...40 { group.addTask { _ = try await client.get(configMapA) } }
                var happenings = server.happenings.makeAsyncIterator()
                for _ in 1...3 { _ = await happenings.next() }
                gate.open()
                try await group.waitForAll()
            }
            #expect(server.requests.count == 40)
            #expect(load.withLock { $0.most } == 3)
        }
    }

    // MARK: Lists

    @Test func `a list is walked page by page`() async throws {
        try await withServer(limits: quick { $0.pageSize = 2 }) { request in
            switch request.parameter("continue") {
            case nil:
                [
                    .answer(
                        200,
                        configMapList([configMap("a", version: 1), configMap("b", version: 2)], version: 9, continueToken: "t/1"))
                ]
            default: [.answer(200, configMapList([configMap("c", version: 3)], version: 9))]
            }
        } _: { client, server in
            let found = try await client.listMetadata(.configMap, labelSelector: "a")
            #expect(found.map(\.metadata.name) == ["a", "b", "c"])
            #expect(found.allSatisfy { $0.kind == "ConfigMap" && $0.apiVersion == "v1" })
            #expect(
                server.requests.map(\.target) == [
                    "/api/v1/configmaps?labelSelector=a&limit=2", "/api/v1/configmaps?labelSelector=a&limit=2&continue=t%2F1",
                ])
            #expect(
                server.requests.allSatisfy {
                    $0.headers["accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
                })
        }
    }

    @Test func `an expired page is gone on from with the token offered`() async throws {
        try await withServer { request in
            switch request.parameter("continue") {
            case nil: [.answer(200, configMapList([configMap("a", version: 1)], version: 9, continueToken: "old"))]
            case "old": [.refusal(410, "Expired", continueToken: "new")]
            default: [.answer(200, configMapList([configMap("b", version: 3)], version: 12))]
            }
        } _: { client, server in
            let found = try await client.listMetadata(.configMap)
            #expect(found.map(\.metadata.name) == ["a", "b"])
            #expect(server.requests.map { $0.parameter("continue") } == [nil, "old", "new"])
        }
    }

    @Test func `an expired page without an offer begins the list again, but not for ever`() async throws {
        try await withServer { request in
            switch (request.parameter("continue"), request.number) {
            case (nil, _): [.answer(200, configMapList([configMap("a", version: 1)], version: 9, continueToken: "old"))]
            case (_, 2): [.refusal(410, "Expired")]
            default: [.answer(200, configMapList([configMap("b", version: 3)], version: 12))]
            }
        } _: { client, _ in
            let found = try await client.listMetadata(.configMap)
            #expect(found.map(\.metadata.name) == ["a", "b"])
        }
        try await withServer { request in
            request.parameter("continue") == nil
                ? [.answer(200, configMapList([], version: 9, continueToken: "old"))] : [.refusal(410, "Expired")]
        } _: { client, server in
            let error = await failure { () throws(KubernetesError) in try await client.listMetadata(.configMap) }
            #expect(error?.isExpired == true)
            #expect(server.requests.count == client.limits.attempts * 2)
        }
    }

    // MARK: Tokens

    @Test func `a token refused is read again from its file, once`() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("old\n", to: "token")
        let server = try ReplayServer { request in
            request.headers["authorization"] == "Bearer new"
                ? [.answer(200, configMap("a", version: 1))] : [.refusal(401, "Unauthorized")]
        }
        defer { server.stop() }
        var configuration = ClusterConfiguration(server: server.url)
        configuration.token = .file(path)
        let client = KubernetesClient(configuration: configuration, limits: quick())
        #expect(await failure { () throws(KubernetesError) in try await client.get(configMapA) }?.isUnauthorized == true)
        #expect(server.requests.count == 2)
        try directory.write("new\n", to: "token")
        _ = try await client.get(configMapA)
        #expect(server.requests.map { $0.headers["authorization"] } == ["old", "old", "old", "new"].map { "Bearer \($0)" })
    }
}
