import Synchronization

/// Lets so many through at once; the others wait in their order.
final class Gate: Sendable {
    struct State: Equatable {
        let limit: Int
        private(set) var passed = 0
        private(set) var waiting: [Int] = []

        init(limit: Int) { self.limit = limit }

        /// - Returns: whether it may pass now; otherwise it waits.
        mutating func enter(_ id: Int) -> Bool {
            guard passed < limit else {
                waiting.append(id)
                return false
            }
            passed += 1
            return true
        }

        /// - Returns: who may pass in its place.
        mutating func leave() -> Int? {
            guard waiting.isEmpty else { return waiting.removeFirst() }
            passed -= 1
            return nil
        }

        /// - Returns: false where it had passed already.
        mutating func giveUp(_ id: Int) -> Bool {
            guard let index = waiting.firstIndex(of: id) else { return false }
            waiting.remove(at: index)
            return true
        }
    }

    private struct Guarded {
        var state: State
        var continuations: [Int: CheckedContinuation<Bool, Never>] = [:]
        var nextID = 0
    }

    private let guarded: Mutex<Guarded>

    init(limit: Int) {
        guarded = Mutex(Guarded(state: State(limit: limit)))
    }

    /// Runs the body once it is its turn.
    /// - Throws: `KubernetesError` `.cancelled` where the task is cancelled while it waits; whatever the body throws.
    func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard await enter() else { throw KubernetesError(.cancelled) }
        defer { leave() }
        return try await body()
    }

    private func enter() async -> Bool {
        let id = guarded.withLock { guarded in
            guarded.nextID += 1
            return guarded.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = guarded.withLock { guarded in
                    let passes = guarded.state.enter(id)
                    if !passes { guarded.continuations[id] = continuation }
                    return passes
                }
                if passes { continuation.resume(returning: true) }
            }
        } onCancel: {
            let continuation = guarded.withLock { guarded in
                guarded.state.giveUp(id) ? guarded.continuations.removeValue(forKey: id) : nil
            }
            continuation?.resume(returning: false)
        }
    }

    private func leave() {
        let next = guarded.withLock { guarded in guarded.state.leave().flatMap { guarded.continuations.removeValue(forKey: $0) } }
        next?.resume(returning: true)
    }
}
