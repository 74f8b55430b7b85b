import Synchronization

/// What was found when it was last looked up, as who a secret belonged to, by the secret's hash. An answer is used for so short a time that
/// what ends has ended everywhere within a second.
final class RecentAnswers<Answer: Sendable>: Sendable {
    private struct Entry {
        /// Nil: there was none, the secret was not good.
        let answer: Answer?
        let until: ContinuousClock.Instant
    }

    private let entries = Mutex<[[UInt8]: Entry]>([:])
    private let maximumCount: Int

    /// - Parameter maximumCount: how many are kept; beyond that those that were not good are forgotten, and if there are none, all.
    init(maximumCount: Int = 1000) { self.maximumCount = maximumCount }

    /// The answer of just now, or a new one.
    func answer(for hash: [UInt8], orFrom lookUp: () async throws -> Answer?) async throws -> Answer? {
        let askedAt = ContinuousClock.now
        if let known = entries.withLock({ $0[hash] }), known.until > askedAt { return known.answer }
        let answer = try await lookUp()
        entries.withLock { entries in
            if entries.count >= maximumCount { RecentAnswers.makeRoom(&entries, maximumCount) }
            // With the pause between two looks of an open stream it stays below a second.
            entries[hash] = Entry(answer: answer, until: askedAt + .milliseconds(500))
        }
        return answer
    }

    /// Whether it was good when it was last looked up, some time ago or just now.
    func hasBeenGood(_ hash: [UInt8]) -> Bool { entries.withLock { $0[hash]?.answer != nil } }

    func forget(_ hash: [UInt8]) { entries.withLock { $0[hash] = nil } }

    /// Guesses must not drive out those who are let in while their address is barred.
    private static func makeRoom(_ entries: inout [[UInt8]: Entry], _ maximumCount: Int) {
        let good = entries.filter { $0.value.answer != nil }
        entries = good.count < maximumCount ? good : [:]
    }
}
