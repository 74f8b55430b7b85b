import HTTP
import Testing

/// Requests that two servers could read differently, and those that cost more than they should: each is refused, and the server goes on.
struct FramingTests {
    private static let refused: [(String, String)] = [
        ("two lengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        (
            "length and chunked",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        ("signed length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde"),
        ("hexadecimal length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nabcde"),
        ("length of 2^64", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nx"),
        ("bad chunk size", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"),
        ("unknown coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked in 1.0", "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("space before the colon", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde"),
        ("folded header", "GET /ok HTTP/1.1\r\nHost: a\r\nX-A: one\r\n two\r\n\r\n"),
        ("NUL in a value", "GET /ok HTTP/1.1\r\nHost: a\r\nX-A: one\0two\r\n\r\n"),
        ("no host", "GET /ok HTTP/1.1\r\n\r\n"),
        ("two hosts", "GET /ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("absolute form", "GET http://other/ok HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("HTTP/1.2", "GET /ok HTTP/1.2\r\nHost: a\r\n\r\n"),
        ("long target", "GET /\(String(repeating: "a", count: 9 * 1024)) HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("many headers", "GET /ok HTTP/1.1\r\nHost: a\r\n\((0..<101).map { "X-\($0): 1\r\n" }.joined())\r\n"),
        ("large head", "GET /ok HTTP/1.1\r\nHost: a\r\nX-A: \(String(repeating: "a", count: 80 * 1024))\r\n\r\n"),
        ("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("percent-encoded NUL", "GET /hello/%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("encoded dots", "GET /hello/%2e%2e%2fetc HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("overlong UTF-8", "GET /hello/%c0%af HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("bad query", "GET /ok?x=%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("NUL in a query's value", "GET /ok?x=a%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("NUL in a query's name", "GET /ok?a%00=x HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "body too large",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 263168\r\n\r\n\(String(repeating: "a", count: 257 * 1024))"
        ),
        (
            "chunked body too large",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(String(repeating: "8000\r\n\(String(repeating: "a", count: 32_768))\r\n", count: 9))0\r\n\r\n"
        ),
        ("TRACE", "TRACE /ok HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    /// These say nothing that could be answered: the connection ends.
    private static let dropped: [(String, [UInt8])] = [
        ("half a request", Array("GET /ok HTTP/1.1\r\nHo".utf8)),
        ("a TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]),
        ("nothing", []),
    ]

    private var router: Router {
        var router = Router()
        router.get("/ok") { _ in .text("served") }
        router.get("/hello/{name}") { request in .text(try request.parameter("name")) }
        router.post("/echo") { request in Response(.ok, body: .bytes(request.body)) }
        return router
    }

    @Test func `what could be read in two ways is refused with a 4xx or 505, and the next client is served`() async throws {
        var configuration = Server.Configuration()
        configuration.headerTimeout = .seconds(1)  // the end of those who never finish a request
        try await withServer(configuration, router: router) { port in
            for (name, request) in FramingTests.refused {
                let answer = try await exchange(request, port: port)
                let status = answer.dropFirst("HTTP/1.1 ".count).prefix(3)
                #expect(status.hasPrefix("4") || status == "505" || status == "501", "\(name): \(answer.prefix(200))")
                #expect(!answer.contains("served"), "\(name) was read as two requests: \(answer)")
            }
            for (name, bytes) in FramingTests.dropped {
                let answer = try await exchange(bytes, port: port)
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(name): \(answer)")
            }
            #expect(try await exchange("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port).hasSuffix("served"))
        }
    }

    @Test func `a client that sends a byte now and then is cut at the header deadline`() async throws {
        var configuration = Server.Configuration()
        configuration.headerTimeout = .milliseconds(200)
        try await withServer(configuration, router: router) { port in
            let answer = try await exchange("G", port: port, finishing: false)
            #expect(answer.isEmpty)
        }
    }
}
