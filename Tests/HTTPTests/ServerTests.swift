import Foundation
import HTTP
import JSON
import Synchronization
import Testing

struct ServerTests {
    private var router: Router {
        var router = Router()
        router.get("/hello/{name}") { request in .json(["hello": .string(try request.parameter("name"))]) }
        router.post("/echo") { request in Response(.ok, body: .bytes(request.body)) }
        router.get("/boom") { _ in throw Problem(.conflict, code: "taken", detail: "It is taken.", retryAfter: 3) }
        router.get("/stream") { _ in
            Response(
                .ok, body: .stream { writer in for index in 0..<1000 { try await writer.write(Array("line \(index)\n".utf8)) } })
        }
        router.get("/broken") { _ in
            Response(
                .ok,
                body: .stream { writer in
                    try await writer.write(Array("first".utf8))
                    throw ClientGone()
                })
        }
        return router
    }

    @Test func `a request is answered with its body, length and request id`() async throws {
        let answer = try await withServer(router: router) { port in
            try await exchange("GET /hello/w%C3%B6rld?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
        }
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.contains(#"{"hello":"wörld"}"#))
        #expect(answer.contains("Content-Length: 18"))
        #expect(answer.contains("X-Request-Id: "))
    }

    @Test func `a body comes whole, by length and in chunks`() async throws {
        try await withServer(router: router) { port in
            let body = String(repeating: "ab", count: 50_000)
            let byLength = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
                port: port)
            #expect(byLength.hasSuffix(body))
            let chunked = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                port: port)
            #expect(chunked.hasSuffix("abcde"))
        }
    }

    @Test func `requests on one connection are answered in order`() async throws {
        let answer = try await withServer(router: router) { port in
            try await exchange(
                "GET /hello/one HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                port: port)
        }
        let first = try #require(answer.range(of: "one"))
        let second = try #require(answer.range(of: "two"))
        #expect(first.lowerBound < second.lowerBound)
    }

    @Test func `a problem is a document with its code, request id and Retry-After`() async throws {
        let answer = try await withServer(router: router) { port in
            try await exchange("GET /boom HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
        }
        #expect(answer.hasPrefix("HTTP/1.1 409"))
        #expect(answer.contains("Content-Type: application/problem+json"))
        #expect(answer.contains("Retry-After: 3"))
        #expect(answer.contains(#""code":"taken""#))
    }

    @Test func `an unknown path is 404 and an unknown method 405 with Allow`() async throws {
        try await withServer(router: router) { port in
            #expect(try await exchange("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", port: port).hasPrefix("HTTP/1.1 404"))
            let other = try await exchange("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
            #expect(other.hasPrefix("HTTP/1.1 405"))
            #expect(other.contains("Allow: POST"))
        }
    }

    @Test func `a streamed body arrives whole, and a broken one is cut`() async throws {
        try await withServer(router: router) { port in
            let whole = try await exchange("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
            #expect(whole.contains("line 999\n"))
            #expect(whole.hasSuffix("0\r\n\r\n"))
            let broken = try await exchange("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
            #expect(broken.contains("first"))
            #expect(!broken.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `HEAD has the headers of GET and no body`() async throws {
        let answer = try await withServer(router: router) { port in
            try await exchange("HEAD /hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
        }
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func `a handler that takes too long is cancelled and its client told`() async throws {
        var router = Router()
        let cancelled = Mutex(false)
        let (wasCancelled, continuation) = AsyncStream<Void>.makeStream()
        router.get("/slow") { _ in
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                continuation.finish()
                throw error
            }
            return .text("late")
        }
        var configuration = Server.Configuration()
        configuration.handlerTimeout = .milliseconds(100)
        let answer = try await withServer(configuration, router: router) { port in
            let answer = try await exchange("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
            for await _ in wasCancelled {}
            return answer
        }
        cancelled.withLock { $0 = true }
        #expect(answer.hasPrefix("HTTP/1.1 503"))
        #expect(answer.contains("timed_out"))
    }

    @Test func `a stop under load answers each request whole or not at all`() async throws {
        var router = Router()
        router.get("/") { _ in
            await Task.yield()
            return .text("done")
        }
        for _ in 0..<10 {
            let server = try Server(configuration: .init()) { [router] request in
                await router.respond(to: request) { _ in Problem(.internalServerError, code: "internal_error", detail: "") }
            }
            let serving = Task { try await server.run() }
            let (answers, answered) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await askUntilClosed("GET / HTTP/1.1\r\nHost: a\r\n\r\n", port: server.port, ending: "done", answered)
                    }
                }
                for await _ in answers.prefix(100) {}
                serving.cancel()
                for try await wasWhole in group { #expect(wasWhole) }
            }
            try await serving.value
        }
    }

    @Test func `a stop answers what is being answered and ends streams`() async throws {
        var router = Router()
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let (flowing, flow) = AsyncStream<Void>.makeStream()
        router.get("/wait") { _ in
            start.finish()
            for await _ in released {}
            return .text("answered")
        }
        router.get("/forever") { _ in
            Response(
                .ok,
                body: .stream { writer in
                    try await writer.write(Array("hello\n".utf8))
                    flow.finish()
                    while true {
                        try await Task.sleep(for: .milliseconds(20))
                        try await writer.write(Array(".".utf8))
                    }
                })
        }
        let wired = router
        let server = try Server(configuration: .init()) { request in
            await wired.respond(to: request) { Problem(.internalServerError, code: "internal_error", detail: "\($0)") }
        }
        let serving = Task { try await server.run() }
        async let waiting = exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", port: server.port)
        async let streaming = exchange("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n", port: server.port)
        for await _ in started {}
        for await _ in flowing {}
        serving.cancel()
        #expect(try await streaming.contains("hello"))
        release.finish()
        #expect(try await waiting.contains("answered"))
        try await serving.value
    }
}
