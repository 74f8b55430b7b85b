import CMicrohttpd
import Foundation

/// What the C callbacks need of their server. All of them run on libmicrohttpd's one thread.
final class ServerContext: Sendable {
    let configuration: Server.Configuration
    let respond: @Sendable (Request) async -> Response
    let connections: Connections

    init(
        configuration: Server.Configuration, respond: @escaping @Sendable (Request) async -> Response, connections: Connections
    ) {
        self.configuration = configuration
        self.respond = respond
        self.connections = connections
    }

    static func from(_ pointer: UnsafeMutableRawPointer?) -> ServerContext? {
        pointer.map { Unmanaged<ServerContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Somebody connects: whether he may.
func onArrival(context: UnsafeMutableRawPointer?, address: UnsafePointer<sockaddr>?, size: socklen_t) -> MHD_Result {
    guard let server = ServerContext.from(context), let limit = server.configuration.connectionsPerAddress else { return .YES }
    let address = numericHost(address)
    if server.configuration.proxies.contains(where: { $0.contains(address) }) { return .YES }
    return server.connections.count(from: address) < limit ? .YES : .NO
}

/// The request line has been read: the exchange begins. What is returned is the `context` of the callbacks below.
func onRequestLine(
    context: UnsafeMutableRawPointer?, uri: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let uri, let connection else { return nil }
    let exchange = Exchange(target: String(cString: uri), connection: Handle(connection))
    return Unmanaged.passRetained(exchange).toOpaque()  // released by onCompleted
}

/// Called once with the head, then with each piece of the body, then without one, and again whenever the exchange was resumed.
func onAccess(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?, method: UnsafePointer<CChar>?,
    version: UnsafePointer<CChar>?, data: UnsafePointer<CChar>?, size: UnsafeMutablePointer<Int>?,
    exchangePointer: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let server = ServerContext.from(context), let connection, let method, let version, let size,
        let pointer = exchangePointer?.pointee
    else { return .NO }
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    if !exchange.hasHead {
        let (headers, areHonest) = headerFields(of: connection)
        let head = RequestHead(
            method: String(cString: method), target: exchange.target, version: String(cString: version), headers: headers,
            hasHonestHeaders: areHonest)
        return exchange.begin(head, from: remoteAddress(of: connection), server: server)
    }
    if size.pointee > 0, let data {
        let piece = UnsafeRawBufferPointer(start: data, count: size.pointee)
        size.pointee = 0
        return exchange.receive(piece, server: server) ? .YES : .NO
    }
    return exchange.proceed(server: server)
}

func onCompleted(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, exchangePointer: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    reason: MHD_RequestTerminationCode
) {
    guard let server = ServerContext.from(context), let pointer = exchangePointer?.pointee else { return }
    exchangePointer?.pointee = nil
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
    exchange.complete(wasSent: mhd_was_sent(reason) != 0, server: server)
}

func onConnectionChanged(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    change: MHD_ConnectionNotificationCode
) {
    guard let server = ServerContext.from(context), let connection else { return }
    if mhd_has_started(change) != 0 {
        server.connections.opened(
            Handle(connection), socket: mhd_connection_socket(connection), from: remoteAddress(of: connection))
    } else {
        server.connections.closed(Handle(connection))
    }
}

/// The header fields, and whether each stands in the head as one line of its own.
///
/// libmicrohttpd ends a value at a NUL and joins folded lines in another place. It reads lines in their buffer, so an honest field's value
/// stands right behind its name, and the next name right behind that: whatever does not hides something.
private func headerFields(of connection: OpaquePointer) -> (fields: HTTPFields, areHonest: Bool) {
    var lines = HeaderLines()
    withUnsafeMutablePointer(to: &lines) { pointer in
        _ = mhd_each_header(
            connection,
            { context, _, name, nameSize, value, valueSize in
                guard let lines = context?.assumingMemoryBound(to: HeaderLines.self), let name, let value else { return .NO }
                lines.pointee.add(
                    name: UnsafeRawBufferPointer(start: name, count: nameSize),
                    value: UnsafeRawBufferPointer(start: value, count: valueSize))
                return .YES
            }, pointer)
    }
    return (lines.fields, lines.areHonest)
}

private struct HeaderLines {
    var fields = HTTPFields()
    var areHonest = true
    private var end: UnsafeRawPointer?

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if let end, let start = name.baseAddress { areHonest = areHonest && HeaderLines.isBlank(from: end, to: start) }
        if let start = name.baseAddress, let valueStart = value.baseAddress {
            areHonest = areHonest && HeaderLines.isBlank(from: start + name.count, to: valueStart)
            end = valueStart + value.count
            // Its line ended in CR LF, of which the CR is now NUL: the byte behind that is always there to be read.
            areHonest = areHonest && HeaderLines.isBlank(from: valueStart + value.count, to: valueStart + value.count + 2)
        }
        fields.add(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    /// Only what ends one line and begins the next: never more than a colon, white space and NULs that replaced them.
    private static func isBlank(from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> Bool {
        guard start <= end, end - start <= 4096 else { return false }
        return UnsafeRawBufferPointer(start: start, count: end - start).allSatisfy {
            $0 == 0 || $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 == 0x3A
        }
    }
}

private func remoteAddress(of connection: OpaquePointer) -> String { numericHost(mhd_client_address(connection)) }

private func numericHost(_ address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "unknown" }
    let size = Int32(address.pointee.sa_family) == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
    var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, socklen_t(size), &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
