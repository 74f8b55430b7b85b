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
        let head = RequestHead(
            method: String(cString: method), target: exchange.target, version: String(cString: version),
            headers: headerFields(of: connection))
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
        server.connections.opened(Handle(connection), socket: mhd_connection_socket(connection))
    } else {
        server.connections.closed(Handle(connection))
    }
}

/// Names and values with their lengths, so that a NUL in one does not hide the rest of it.
private func headerFields(of connection: OpaquePointer) -> HTTPFields {
    var fields = HTTPFields()
    withUnsafeMutablePointer(to: &fields) { pointer in
        _ = mhd_each_header(
            connection,
            { context, _, nameBytes, nameSize, valueBytes, valueSize in
                guard let context, let nameBytes else { return .NO }
                let name = String(decoding: UnsafeRawBufferPointer(start: nameBytes, count: nameSize), as: UTF8.self)
                let value = String(decoding: UnsafeRawBufferPointer(start: valueBytes, count: valueSize), as: UTF8.self)
                context.assumingMemoryBound(to: HTTPFields.self).pointee.add(name, value)
                return .YES
            }, pointer)
    }
    return fields
}

private func remoteAddress(of connection: OpaquePointer) -> String {
    guard let address = mhd_client_address(connection) else { return "unknown" }
    let size = Int32(address.pointee.sa_family) == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
    var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, socklen_t(size), &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
