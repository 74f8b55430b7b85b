package import Postgres
import Repository
package import Stores
import Synchronization

/// Passes the word that something is due or has happened: at once within this process, by NOTIFY to the others.
///
/// All of it is a hint. Whoever waits for it looks by himself now and then, so that a lost one costs a moment and nothing else.
package final class Bulletin: Sendable {
    /// Who waits for what.
    private struct State {
        var workers: [Int: AsyncStream<Void>.Continuation] = [:]
        var readers: [Int: (store: StoreID?, continuation: AsyncStream<Void>.Continuation)] = [:]
        var nextID = 0
        var unsentEvents: Set<String> = []
        var hasUnsentWork = false
    }

    private let state = Mutex(State())
    private let pool: ConnectionPool
    private let listener: Listener
    private let unsent: AsyncStream<Void>
    private let wakeSender: AsyncStream<Void>.Continuation

    package init(pool: ConnectionPool) {
        self.pool = pool
        listener = Listener(configuration: pool.configuration)
        (unsent, wakeSender) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Telling

    /// Work has become due; stores have new events. Called after the commit.
    package func announce(work isDue: Bool = false, events ids: [StoreID] = []) {
        state.withLock { state in
            state.hasUnsentWork = state.hasUnsentWork || isDue
            state.unsentEvents.formUnion(ids.map(\.text))
        }
        wake(work: isDue, events: ids)
        wakeSender.yield()
    }

    /// - Parameter ids: nil for whatever store.
    private func wake(work isDue: Bool, events ids: [StoreID]?) {
        let woken = state.withLock { state in
            let readers = state.readers.values.filter { reader in
                guard let ids else { return true }
                return reader.store.map(ids.contains) ?? !ids.isEmpty
            }
            return (isDue ? Array(state.workers.values) : []) + readers.map(\.continuation)
        }
        // Outside of the lock: to wake a task takes the runtime's own lock on it, which is held while a task that is cancelled leaves this list.
        for continuation in woken { continuation.yield() }
    }

    // MARK: Waiting

    /// A value whenever work may be due.
    package func work() -> AsyncStream<Void> {
        subscribe { state, id, continuation in
            state.workers[id] = continuation
        } remove: { state, id in
            state.workers[id] = nil
        }
    }

    /// A value whenever a store, or any, may have a new event.
    package func events(of store: StoreID?) -> AsyncStream<Void> {
        subscribe { state, id, continuation in
            state.readers[id] = (store, continuation)
        } remove: { state, id in
            state.readers[id] = nil
        }
    }

    private func subscribe(
        _ add: (inout State, Int, AsyncStream<Void>.Continuation) -> Void, remove: @escaping @Sendable (inout State, Int) -> Void
    ) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            add(&state, state.nextID, continuation)
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { remove(&$0, id) } }
        return stream
    }

    // MARK: Between processes

    /// Sends and hears until the task is cancelled.
    /// - Parameter log: told of a connection that was lost.
    package func run(log: @escaping @Sendable (String) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.send(log) }
            group.addTask { try await self.hear(log) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func send(_ log: @Sendable (String) -> Void) async {
        for await _ in unsent {
            let (isDue, ids) = state.withLock { state in
                defer {
                    state.hasUnsentWork = false
                    state.unsentEvents = []
                }
                return (state.hasUnsentWork, Array(state.unsentEvents))
            }
            do {
                try await pool.withConnection { db in try NotificationRepository.notify(work: isDue, events: ids, on: db) }
            } catch {
                log("A notification was not sent; others will find out by looking: \(error)")
            }
        }
    }

    private func hear(_ log: @escaping @Sendable (String) -> Void) async throws {
        try await listener.run(channels: [NotificationRepository.work, NotificationRepository.events]) { event in
            switch event {
            case .connected: self.wake(work: true, events: nil)
            case .notification(NotificationRepository.work, _): self.wake(work: true, events: [])
            case .notification(_, let payload):
                self.wake(work: false, events: payload.isEmpty ? nil : payload.split(separator: ",").compactMap { StoreID($0) })
            case .disconnected(let reason): log("Notifications are not heard for the moment: \(reason)")
            }
        }
    }
}
