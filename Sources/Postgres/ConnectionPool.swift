import Dispatch
import Synchronization

/// A bounded number of connections, lent one at a time. A full pool is an error in time, never a hang.
package final class ConnectionPool: Sendable {
    package let configuration: PostgresConfiguration

    private struct Guarded {
        var pool: PoolState<ObjectIdentifier, Int>
        var connections: [ObjectIdentifier: Connection] = [:]
        var waiting: [Int: (continuation: CheckedContinuation<Connection?, any Error>, since: ContinuousClock.Instant)] = [:]
        var nextWaiter = 0
    }

    private let state: Mutex<Guarded>

    /// What is done in a hurry goes before everything else that waits for a connection.
    @TaskLocal package static var isUrgent = false

    /// Connects when first used.
    package init(configuration: PostgresConfiguration) {
        self.configuration = configuration
        state = Mutex(Guarded(pool: PoolState(maximum: configuration.maximumConnections)))
        severSilent()
    }

    /// Looks each second for connections on which the server has been silent for longer than it may take for any statement.
    private func severSilent() {
        let limit = configuration.silenceLimit
        DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [weak self] in
            guard let self else { return }
            for connection in state.withLock({ Array($0.connections.values) }) {
                connection.canceller.sever(lentBefore: .now - limit)
            }
            severSilent()
        }
    }

    /// Lends a connection for the time of the body. When the calling task is cancelled, the running statement is ended.
    /// - Throws: `PostgresError` `.poolExhausted`, `.unreachable`, `.cancelled`; whatever the body throws.
    @discardableResult package func withConnection<Value: Sendable>(
        _ body: @Sendable @escaping (isolated Connection) throws -> Value
    ) async throws -> Value {
        try await lending { connection in try await connection.perform(body) }
    }

    /// The same between BEGIN and COMMIT; an error of the body rolls back.
    /// - Throws: also `.commitUnknown` where the connection broke during COMMIT.
    @discardableResult package func transaction<Value: Sendable>(
        _ body: @Sendable @escaping (isolated Connection) throws -> Value
    ) async throws -> Value {
        try await lending { connection in try await connection.performTransaction(body) }
    }

    /// Connections in use and open, for the metrics.
    package var usage: (inUse: Int, open: Int, waiting: Int) {
        state.withLock { ($0.pool.inUse, $0.connections.count, $0.pool.waiters.count) }
    }

    /// How long the one has waited that came first of those not in a hurry; nil where nobody waits.
    package var longestWait: Duration? {
        let since = state.withLock { state in state.pool.firstPatientWaiter.flatMap { state.waiting[$0]?.since } }
        return since.map { .now - $0 }
    }

    /// Closes what is idle now, and what is in use when it comes back.
    package func close() async {
        let actions = state.withLock { $0.pool.close() }
        await perform(actions)
    }

    // MARK: Lending

    private func lending<Value: Sendable>(_ use: (Connection) async throws -> Value) async throws -> Value {
        let lent = try await acquire()
        if Task.isCancelled {
            await release(lent)
            throw PostgresError(.cancelled, "The task was cancelled before it had a connection.")
        }
        let connection: Connection
        do {
            connection = try await usable(lent)
        } catch {
            await release(nil)
            throw error
        }
        let lease = connection.canceller.beginLease()
        let result: Result<Value, any Error>
        do {
            let value = try await withTaskCancellationHandler {
                try await use(connection)
            } onCancel: {
                connection.canceller.cancel(lease: lease)
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        if connection.canceller.endLease() {
            await release(connection)
        } else {
            await discard(connection)
            await release(nil)
        }
        return try result.get()
    }

    /// The connection if it still is one, or a new one in its place.
    private func usable(_ lent: Connection?) async throws -> Connection {
        if let lent {
            if await lent.isUsable() { return lent }
            await discard(lent)
        }
        let opened = try await Connection(configuration)
        state.withLock { $0.connections[ObjectIdentifier(opened)] = opened }
        return opened
    }

    private func acquire() async throws -> Connection? {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let isUrgent = ConnectionPool.isUrgent
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let lent: Connection?? = state.withLock { state in
                    switch state.pool.request(waiter, isUrgent: isUrgent) {
                    case .lend(let connection, _): return .some(connection.flatMap { state.connections[$0] })
                    case .close, nil:
                        state.waiting[waiter] = (continuation, .now)
                        return nil
                    }
                }
                guard let lent else { return limitWait(of: waiter) }
                continuation.resume(returning: lent)
            }
        } onCancel: {
            giveUp(waiter, .cancelledWhileWaiting)
        }
    }

    private func limitWait(of waiter: Int) {
        // A task that was cancelled before it waited has nobody left to say so.
        if Task.isCancelled { return giveUp(waiter, .cancelledWhileWaiting) }
        let deadline = DispatchTime.now() + .milliseconds(configuration.acquireTimeout.milliseconds)
        DispatchQueue.global().asyncAfter(deadline: deadline) { [weak self] in
            self?.giveUp(waiter, PostgresError(.poolExhausted, "All connections to the database are in use."))
        }
    }

    private func giveUp(_ waiter: Int, _ error: PostgresError) {
        let waiting = state.withLock { state in
            state.pool.giveUp(waiter) ? state.waiting.removeValue(forKey: waiter) : nil
        }
        waiting?.continuation.resume(throwing: error)
    }

    private func release(_ connection: Connection?) async {
        var returned = connection
        if let connection, await !connection.isUsable() {
            await discard(connection)
            returned = nil
        }
        let actions = state.withLock { $0.pool.release(returned.map { ObjectIdentifier($0) }) }
        await perform(actions)
    }

    private func discard(_ connection: Connection) async {
        state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
        await connection.close()
    }

    private func perform(_ actions: [PoolState<ObjectIdentifier, Int>.Action]) async {
        for action in actions {
            switch action {
            case .lend(let connection, let waiter):
                let (waiting, lent) = state.withLock { state in
                    (state.waiting.removeValue(forKey: waiter), connection.flatMap { state.connections[$0] })
                }
                waiting?.continuation.resume(returning: lent)
            case .close(let connection):
                if let open = state.withLock({ $0.connections[connection] }) { await discard(open) }
            }
        }
    }
}

extension Task where Success == Never, Failure == Never {
    fileprivate static func checkCancellation(throwing error: PostgresError) throws {
        if isCancelled { throw error }
    }
}

extension PostgresError {
    fileprivate static let cancelledWhileWaiting = PostgresError(
        .cancelled, "The task was cancelled while it waited for a connection.")
}
