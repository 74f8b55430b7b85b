import CPostgres
import Dispatch
import Glibc
import Synchronization

/// Ends the running statement of one connection, but only while the lease that asks for it is the current one: a moment later the
/// connection is somebody else's, and so would be the statement.
final class Canceller: Sendable {
    private struct State {
        /// The address of a `PGcancel`.
        var handle: UInt?
        /// libpq's, while the connection is open.
        var socket: Int32?
        var lease = 0
        var leasedAt: ContinuousClock.Instant?
        var isCancelling = false
        var wasCancelled = false
    }

    private let state = Mutex(State())

    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    func attach(to connection: OpaquePointer?) {
        let handle = PQgetCancel(connection).map { UInt(bitPattern: $0) }
        let socket = PQsocket(connection)
        state.withLock { state in
            state.handle = handle
            state.socket = socket
        }
    }

    func detach() {
        state.withLock { state in
            state.leasedAt = nil
            state.socket = nil
            let handle = state.handle.take()
            // One that is in use is freed by its user.
            if !state.isCancelling, let handle { PQfreeCancel(OpaquePointer(bitPattern: handle)) }
        }
    }

    func beginLease() -> Int {
        state.withLock { state in
            state.lease += 1
            state.leasedAt = .now
            state.wasCancelled = false
            return state.lease
        }
    }

    /// - Returns: false where a cancellation is still under way, which would meet the next borrower: the connection is then of no more use.
    func endLease() -> Bool {
        state.withLock { state in
            state.leasedAt = nil
            return !state.isCancelling
        }
    }

    /// PQcancel opens a connection and waits for the server to close it, so it has a thread of Dispatch's.
    func cancel(lease: Int) {
        DispatchQueue.global().async { self.cancelNow(lease) }
    }

    private func cancelNow(_ lease: Int) {
        let handle = state.withLock { state -> UInt? in
            guard state.leasedAt != nil, state.lease == lease, !state.isCancelling, let handle = state.handle else { return nil }
            state.wasCancelled = true
            state.isCancelling = true
            return handle
        }
        guard let handle else { return }
        var reason = [CChar](repeating: 0, count: 256)
        _ = PQcancel(OpaquePointer(bitPattern: handle), &reason, Int32(reason.count))
        state.withLock { state in
            state.isCancelling = false
            if state.handle == nil { PQfreeCancel(OpaquePointer(bitPattern: handle)) }
        }
    }

    /// Cuts the connection if it has been lent since before a moment: the server answers nothing any more, and libpq would wait for ever.
    func sever(lentBefore moment: ContinuousClock.Instant) {
        state.withLock { state in
            guard let leasedAt = state.leasedAt, leasedAt < moment, let socket = state.socket else { return }
            shutdown(socket, Int32(SHUT_RDWR))
        }
    }
}
