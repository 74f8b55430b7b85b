import Foundation
import Glibc
import Synchronization

/// The smallest HTTP server that can misbehave: it reads requests and does with the connection what a script says.
final class ReplayServer: Sendable {
    struct Request: Sendable {
        /// From 1, in the order of arrival over all connections.
        let number: Int
        /// From 1.
        let connection: Int
        let method: String
        /// Path and query.
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: String

        var path: String { String(target.prefix { $0 != "?" }) }

        /// A parameter of the query, as it stands on the wire.
        func parameter(_ name: String) -> String? {
            target.split(separator: "?").dropFirst().first?.split(separator: "&").compactMap { pair in
                pair.hasPrefix("\(name)=") ? String(pair.dropFirst(name.count + 1)) : nil
            }.first
        }
    }

    enum Action: Sendable {
        case send(String)
        case sendBytes([UInt8])
        /// In pieces of so many bytes, each a packet of its own.
        case drip([UInt8], pieces: Int)
        /// FIN.
        case close
        /// RST: what was sent and not yet read is lost.
        case reset
        /// Until the gate opens.
        case wait(Gate)
        /// Until the client closes.
        case waitForClient
    }

    enum Happening: Sendable {
        case request(Request)
        case clientClosed(connection: Int)
    }

    typealias Script = @Sendable (Request) -> [Action]

    let port: Int
    /// What happens, in order; for one reader.
    let happenings: AsyncStream<Happening>
    private let report: AsyncStream<Happening>.Continuation
    private let listener: Int32
    private let script: Script
    private let state = Mutex(State())

    private struct State {
        var sockets: Set<Int32> = []
        var connections = 0
        var requests: [Request] = []
        var isStopped = false
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }

    init(_ script: @escaping Script) throws {
        (happenings, report) = AsyncStream.makeStream()
        self.script = script
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutableBytes(of: &address) { raw -> Int32 in
            guard let generic = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            guard bind(listener, generic, length) == 0, listen(listener, 64) == 0 else { return -1 }
            return getsockname(listener, generic, &length)
        }
        guard bound == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in acceptAll() }.start()
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        report.finish()
    }

    private func acceptAll() {
        while true {
            let socket = Glibc.accept(listener, nil, nil)
            guard socket >= 0 else {
                close(listener)
                return
            }
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            var on: Int32 = 1
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            let number = state.withLock { state -> Int? in
                guard !state.isStopped else { return nil }
                state.sockets.insert(socket)
                state.connections += 1
                return state.connections
            }
            guard let number else {
                close(socket)
                continue
            }
            Thread { [self] in
                Connection(socket: socket, number: number).serve(self)
                state.withLock { state in
                    state.sockets.remove(socket)
                    close(socket)
                }
            }.start()
        }
    }

    /// One connection, on its own thread.
    private struct Connection {
        let socket: Int32
        let number: Int
        var unread: [UInt8] = []

        init(socket: Int32, number: Int) {
            self.socket = socket
            self.number = number
        }

        mutating func more() -> Bool {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(socket, &chunk, chunk.count, 0)
            guard count > 0 else { return false }
            unread += chunk[..<count]
            return true
        }

        consuming func serve(_ server: ReplayServer) {
            while true {
                guard let (method, target, headers) = head(), let body = body(Int(headers["content-length"] ?? "") ?? 0) else {
                    server.report.yield(.clientClosed(connection: number))
                    return
                }
                let connection = number
                let request = server.state.withLock { state in
                    let request = Request(
                        number: state.requests.count + 1, connection: connection, method: method, target: target, headers: headers,
                        body: body)
                    state.requests.append(request)
                    return request
                }
                server.report.yield(.request(request))
                for action in server.script(request) {
                    guard perform(action, server) else { return }
                }
            }
        }

        private mutating func head() -> (method: String, target: String, headers: [String: String])? {
            let blank = Array("\r\n\r\n".utf8)
            while true {
                if let end = unread.indices.first(where: { unread[$0...].starts(with: blank) }) {
                    let lines = String(decoding: unread[..<end], as: UTF8.self).components(separatedBy: "\r\n")
                    unread.removeFirst(end + 4)
                    let words = lines[0].components(separatedBy: " ")
                    var headers: [String: String] = [:]
                    for line in lines.dropFirst() {
                        guard let colon = line.firstIndex(of: ":") else { continue }
                        headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                            in: .whitespaces)
                    }
                    return (words[0], words[1], headers)
                }
                guard more() else { return nil }
            }
        }

        private mutating func body(_ count: Int) -> String? {
            while unread.count < count { guard more() else { return nil } }
            defer { unread.removeFirst(count) }
            return String(decoding: unread[..<count], as: UTF8.self)
        }

        /// False if the connection is over.
        private mutating func perform(_ action: Action, _ server: ReplayServer) -> Bool {
            switch action {
            case .send(let text): return write(Array(text.utf8))
            case .sendBytes(let bytes): return write(bytes)
            case .drip(let bytes, let pieces):
                var rest = bytes[...]
                while !rest.isEmpty {
                    guard write(Array(rest.prefix(pieces))) else { return false }
                    rest = rest.dropFirst(pieces)
                }
                return true
            case .close: return false
            case .reset:
                var hard = linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
                return false
            case .wait(let gate):
                gate.waitUntilOpen()
                return true
            case .waitForClient:
                while more() {}
                server.report.yield(.clientClosed(connection: number))
                return false
            }
        }

        private func write(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

/// Holds the server's threads until a test lets them go.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Only ever called on a thread of the server.
    func waitUntilOpen() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() { semaphore.signal() }
}
