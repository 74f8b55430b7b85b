import Synchronization

/// Refusals that have no audit record because their addresses had too many.
final class UnrecordedRefusals: Sendable {
    private struct State {
        var count = 0
        var toldAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock(\.count) }

    /// - Returns: how many there are by now, once a minute; else nil.
    func note() -> Int? {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.count += 1
            if let toldAt = state.toldAt, now - toldAt < .seconds(60) { return nil }
            state.toldAt = now
            return state.count
        }
    }
}
