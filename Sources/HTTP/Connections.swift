import CMicrohttpd
import Foundation
import Synchronization

/// The connections that are open and what each waits for: keeps the deadlines that libmicrohttpd does not know, and tells a drain
/// when the last request has been answered.
///
/// libmicrohttpd's own timeout counts inactivity, so one byte a second would hold a connection for ever.
final class Connections: Sendable {
    private struct Connection {
        let socket: Int32
        let address: String
        var since = ContinuousClock.now
        var exchange: Exchange?
        var isFirstRequest = true
    }

    private struct State {
        /// By the connection's address, which only names it here and is never followed.
        var open: [UInt: Connection] = [:]
        var countOfAddress: [String: Int] = [:]
        var busy = 0
        var isDraining = false
        /// The last request has been answered and the server is being stopped: libmicrohttpd must find no connection suspended.
        var isClosed = false
        var idle: AsyncStream<Void>.Continuation?

        /// - Returns: whom to tell that the last request has been answered.
        mutating func endDrainIfIdle() -> AsyncStream<Void>.Continuation? {
            guard busy == 0, let idle = idle.take() else { return nil }
            isClosed = true
            return idle
        }
    }

    private let state = Mutex(State())

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// How many there are of an address, or of its 64 bits of IPv6.
    func count(from address: String) -> Int { state.withLock { $0.countOfAddress[AddressRange.household(of: address)] ?? 0 } }

    func opened(_ connection: Handle, socket: Int32, from address: String) {
        let household = AddressRange.household(of: address)
        state.withLock { state in
            state.open[connection.address] = Connection(socket: socket, address: household)
            state.countOfAddress[household, default: 0] += 1
        }
    }

    /// Called before the socket is closed, so that a deadline never meets somebody else's descriptor.
    func closed(_ connection: Handle) {
        state.withLock { state in
            guard let address = state.open.removeValue(forKey: connection.address)?.address else { return }
            let others = (state.countOfAddress[address] ?? 1) - 1
            state.countOfAddress[address] = others > 0 ? others : nil
        }
    }

    /// - Returns: whether the exchange may be answered; once a drain is over it is too late, and its connection must be closed.
    func began(_ exchange: Exchange, on connection: Handle) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.open[connection.address]?.exchange = exchange
            state.open[connection.address]?.since = .now
            state.busy += 1
            return true
        }
    }

    func ended(_ exchange: Exchange, on connection: Handle) {
        let idle: AsyncStream<Void>.Continuation? = state.withLock { state in
            guard state.open[connection.address]?.exchange === exchange else { return nil }  // never began
            state.open[connection.address]?.exchange = nil
            state.open[connection.address]?.since = .now
            state.open[connection.address]?.isFirstRequest = false
            state.busy -= 1
            return state.endDrainIfIdle()
        }
        idle?.finish()
    }

    func enforceDeadlines(_ configuration: Server.Configuration) {
        let now = ContinuousClock.now
        let exchanges: [Exchange] = state.withLock { state in
            for connection in state.open.values where connection.exchange == nil {
                let limit = connection.isFirstRequest ? configuration.headerTimeout : configuration.idleTimeout
                if now - connection.since > limit { shutdown(connection.socket, Int32(SHUT_RDWR)) }
            }
            for connection in state.open.values {
                guard let exchange = connection.exchange, exchange.isReceiving, now - connection.since > configuration.bodyTimeout
                else { continue }
                shutdown(connection.socket, Int32(SHUT_RDWR))
            }
            return state.open.values.compactMap(\.exchange)
        }
        for exchange in exchanges { exchange.expire(longerThan: configuration.handlerTimeout) }
    }

    /// Streams end; what is being answered is answered, with `Connection: close`.
    func beginDraining() {
        for exchange in allExchanges(markingDraining: true) { exchange.endStream() }
    }

    /// Handlers that are still at work are given up, so that libmicrohttpd can be stopped.
    func abandonAll() {
        for exchange in allExchanges(markingDraining: true) {
            exchange.expire(longerThan: .zero)
            exchange.endStream()
        }
    }

    private func allExchanges(markingDraining: Bool) -> [Exchange] {
        state.withLock { state in
            state.isDraining = markingDraining
            return state.open.values.compactMap(\.exchange)
        }
    }

    /// Ends when no request is being answered; none is taken on after that.
    func waitUntilIdle() -> AsyncStream<Void> {
        AsyncStream { continuation in
            let idle = state.withLock { state in
                state.idle = continuation
                return state.endDrainIfIdle()
            }
            idle?.finish()
        }
    }
}
