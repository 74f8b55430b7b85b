import Foundation
import HTTP

/// A client that sends exactly the bytes it is given: what a real one never would.
struct RawClient {
    private let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    func hangUp() { close(socket) }

    /// What arrives until the server closes or `enough` is seen; empty where nothing does within 20 s.
    func receive(until enough: String? = nil) -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all.append(contentsOf: buffer[..<count])
            if let enough, String(decoding: all, as: UTF8.self).contains(enough) { break }
        }
        return String(decoding: all, as: UTF8.self)
    }
}

/// Runs a server for as long as the body takes, on a free port.
func withServer<T: Sendable>(
    _ configuration: Server.Configuration = .init(), router: Router, _ body: @Sendable @escaping (Int) async throws -> T
) async throws -> T {
    let server = try Server(configuration: configuration) { request in
        await router.respond(to: request) { error in
            Problem(.internalServerError, code: "internal_error", detail: "\(error)")
        }
    }
    let serving = Task { try await server.run() }
    defer { serving.cancel() }
    let result = try await body(server.port)
    serving.cancel()
    try await serving.value
    return result
}

/// One exchange on a connection of its own.
///
/// Blocking reads must not hold a thread of the pool that the handlers need, so they have one of Dispatch's.
/// - Parameter finishing: whether the client says, by a half-close, that it will send no more.
@concurrent func exchange(_ request: String, port: Int, finishing: Bool = true) async throws -> String {
    try await exchange(Array(request.utf8), port: port, finishing: finishing)
}

@concurrent func exchange(_ request: [UInt8], port: Int, finishing: Bool = true) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(
                with: Result {
                    let client = try RawClient(port: port)
                    defer { client.hangUp() }
                    client.send(request)
                    if finishing { client.finishSending() }
                    return client.receive()
                })
        }
    }
}

/// Sends the request again and again on one connection, each after the answer to the one before, until the server closes.
/// - Returns: whether every answer that began also ended as it should.
@concurrent func askUntilClosed(
    _ request: String, port: Int, ending: String, _ answered: AsyncStream<Void>.Continuation
) async throws -> Bool {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(
                with: Result {
                    let client = try RawClient(port: port)
                    defer { client.hangUp() }
                    while true {
                        client.send(request)
                        let answer = client.receive(until: ending)
                        guard answer.hasSuffix(ending) else { return answer.isEmpty }
                        answered.yield()
                    }
                })
        }
    }
}
