/// Who has which connection and who waits for one: pure, so that it can be tried without a server.
///
/// `Connection` is a name here, not the actor: the pool keeps those.
struct PoolState<Connection: Hashable, Waiter: Hashable>: Equatable {
    /// What the pool is to do, outside of its lock.
    enum Action: Equatable {
        /// The waiter may go on: with an idle connection, or by opening one.
        case lend(Connection?, to: Waiter)
        case close(Connection)
    }

    let maximum: Int
    private(set) var idle: [Connection] = []
    /// In the order in which they will be served: those in a hurry stand before the others.
    private(set) var waiters: [Waiter] = []
    private var urgentWaiters = 0
    private(set) var inUse = 0
    private(set) var isClosed = false

    init(maximum: Int) { self.maximum = maximum }

    /// Those that are not in a hurry have waited the longer the further in front they stand.
    var firstPatientWaiter: Waiter? { waiters.dropFirst(urgentWaiters).first }

    /// Somebody wants a connection. Without an action it waits.
    mutating func request(_ waiter: Waiter, isUrgent: Bool = false) -> Action? {
        guard inUse < maximum else {
            waiters.insert(waiter, at: isUrgent ? urgentWaiters : waiters.count)
            if isUrgent { urgentWaiters += 1 }
            return nil
        }
        inUse += 1
        return .lend(idle.popLast(), to: waiter)
    }

    /// A lease has ended: with its connection, or with none where it broke or was never opened.
    mutating func release(_ connection: Connection?) -> [Action] {
        var connection = connection
        var actions: [Action] = []
        if isClosed, let open = connection.take() { actions.append(.close(open)) }
        if waiters.isEmpty {
            inUse -= 1
            if let connection { idle.append(connection) }
        } else {
            actions.append(.lend(connection, to: removeWaiter(at: 0)))
        }
        return actions
    }

    /// A waiter has waited long enough or was cancelled.
    /// - Returns: false where it had been lent a connection in the meantime.
    mutating func giveUp(_ waiter: Waiter) -> Bool {
        guard let index = waiters.firstIndex(of: waiter) else { return false }
        _ = removeWaiter(at: index)
        return true
    }

    private mutating func removeWaiter(at index: Int) -> Waiter {
        if index < urgentWaiters { urgentWaiters -= 1 }
        return waiters.remove(at: index)
    }

    mutating func close() -> [Action] {
        isClosed = true
        defer { idle = [] }
        return idle.map { .close($0) }
    }
}
