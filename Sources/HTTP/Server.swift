import CMicrohttpd
import Foundation
import Synchronization

/// An HTTP/1.1 server over libmicrohttpd: one thread parses and sends, a `Task` answers each request.
///
/// Listening starts with `init`; `run()` serves until its task is cancelled and then drains. The parser is libmicrohttpd's; what it
/// lets through and must not be (RFC 9112 §6, §11) is refused by `RequestHead`.
package final class Server: Sendable {
    package struct Configuration: Sendable {
        /// A numeric address; not a name.
        package var host = "127.0.0.1"
        /// 0 takes a free one; see `Server.port`.
        package var port = 0
        /// Bytes; a larger body is answered 413.
        package var maximumBodySize = 256 * 1024
        /// Bytes of request line and headers together; more is answered 431 (or 414) by libmicrohttpd.
        package var maximumHeadSize = 32 * 1024
        package var maximumConnections = 1024
        /// Of an IPv4 address or 64 bits of IPv6, so that nobody takes them all; nil is without limit. One more is closed unanswered.
        package var connectionsPerAddress: Int?
        /// Whose connections are those of many people, and not limited.
        package var proxies: [AddressRange] = []
        package var headerTimeout: Duration = .seconds(10)
        package var bodyTimeout: Duration = .seconds(30)
        /// For a kept-alive connection between requests, and for a client that does not read what it is sent.
        package var idleTimeout: Duration = .seconds(30)
        /// After this a handler is cancelled and its client answered 503. Streamed bodies are exempt.
        package var handlerTimeout: Duration = .seconds(15)
        /// How long a stop waits for requests that are being answered.
        package var drainTimeout: Duration = .seconds(25)
        /// Called once a request has been answered, on the server's own thread: must not block.
        package var onCompletion: (@Sendable (AccessRecord) -> Void)?

        package init() {}
    }

    /// The port it listens on.
    package let port: Int

    let configuration: Configuration
    let respond: @Sendable (Request) async -> Response
    let connections = Connections()
    private let daemon: Handle

    /// Binds and listens.
    /// - Throws: `ListenError` with the address and the system's reason.
    package init(configuration: Configuration, respond: @escaping @Sendable (Request) async -> Response) throws {
        self.configuration = configuration
        self.respond = respond
        let (socket, port) = try ListenError.listeningSocket(host: configuration.host, port: configuration.port)
        self.port = port
        let context = ServerContext(configuration: configuration, respond: respond, connections: connections)
        var settings = mhd_settings()
        settings.listen_socket = socket
        // Beside the head: libmicrohttpd's own share and its write buffer.
        settings.connection_memory_bytes = configuration.maximumHeadSize + 24 * 1024
        settings.connection_limit = UInt32(configuration.maximumConnections)
        settings.idle_timeout_seconds = UInt32(configuration.idleTimeout.components.seconds)
        // Never released: a callback may be its last reader, and a process has few servers.
        settings.context = Unmanaged.passRetained(context).toOpaque()
        settings.accepts = onArrival
        settings.access = onAccess
        settings.request_line = onRequestLine
        settings.completed = onCompleted
        settings.connection_changed = onConnectionChanged
        guard let daemon = mhd_start(&settings) else {
            close(socket)
            throw ListenError(address: "\(configuration.host):\(port)", reason: "the server could not be started")
        }
        self.daemon = Handle(daemon)
    }

    /// Serves until the calling task is cancelled; then stops accepting, ends streams, waits for what is being answered, and returns.
    package func run() async throws {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))  // deadlines are kept to the second
                connections.enforceDeadlines(configuration)
            } catch {
                break  // cancelled: the only error of a sleep
            }
        }
        await drain()
    }

    private func drain() async {
        let socket = MHD_quiesce_daemon(daemon.pointer)
        if socket >= 0 { close(socket) }
        connections.beginDraining()
        let drained = connections.waitUntilIdle()
        let deadline = Task {
            try await Task.sleep(for: configuration.drainTimeout)
            connections.abandonAll()
        }
        // A drain runs in a cancelled task; the wait must not end with it.
        await Task.detached { for await _ in drained {} }.value
        deadline.cancel()
        MHD_stop_daemon(daemon.pointer)
    }
}

/// A pointer of libmicrohttpd's. Its functions on daemons and suspended connections may be called from any thread (microhttpd.h).
struct Handle: @unchecked Sendable {  // the pointee is guarded by libmicrohttpd's own locks
    let pointer: OpaquePointer

    var address: UInt { UInt(bitPattern: pointer) }

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }
}

/// Why an address could not be listened on.
package struct ListenError: Error, CustomStringConvertible {
    package let address: String
    package let reason: String

    package var description: String { "Cannot listen on \(address): \(reason). Choose another address or stop what uses it." }

    static func listeningSocket(host: String, port: Int) throws(ListenError) -> (socket: Int32, port: Int) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let address = found else {
            throw ListenError(address: "\(host):\(port)", reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(address.pointee.ai_family, kind, 0)
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard socket >= 0, bind(socket, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(socket, 1024) == 0 else {
            let reason = String(cString: strerror(errno))
            if socket >= 0 { close(socket) }
            throw ListenError(address: "\(host):\(port)", reason: reason)
        }
        var bound = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &bound) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        return (socket, Int(UInt16(bigEndian: bound.sin6_port)))  // the port stands at the same place in sockaddr_in
    }
}
