import CPostgres
import Dispatch
import Synchronization

/// Ends the running statement of one connection, but only while the lease that asks for it is the current one: a moment later the
/// connection is somebody else's, and so would be the statement.
final class Canceller: Sendable {
    private struct State {
        /// The address of a `PGcancel`.
        var handle: UInt?
        var lease = 0
        var isLeased = false
        var wasCancelled = false
    }

    private let state = Mutex(State())

    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    func attach(to connection: OpaquePointer?) {
        let handle = PQgetCancel(connection).map { UInt(bitPattern: $0) }
        state.withLock { $0.handle = handle }
    }

    func detach() {
        state.withLock { state in
            state.isLeased = false
            if let handle = state.handle.take() { PQfreeCancel(OpaquePointer(bitPattern: handle)) }
        }
    }

    func beginLease() -> Int {
        state.withLock { state in
            state.lease += 1
            state.isLeased = true
            state.wasCancelled = false
            return state.lease
        }
    }

    /// Waits for a cancellation that is under way, so that it cannot meet the next borrower.
    func endLease() {
        state.withLock { $0.isLeased = false }
    }

    /// PQcancel opens a connection and waits for the server to close it, so it has a thread of Dispatch's.
    func cancel(lease: Int) {
        DispatchQueue.global().async {
            self.state.withLock { state in
                guard state.isLeased, state.lease == lease, let handle = state.handle else { return }
                state.wasCancelled = true
                var reason = [CChar](repeating: 0, count: 256)
                _ = PQcancel(OpaquePointer(bitPattern: handle), &reason, Int32(reason.count))
            }
        }
    }
}
