/// Whether a failed attempt is worth another, and after what pause.
struct RetryPolicy: Sendable {
    enum Outcome: Hashable {
        /// With the server's wish in seconds, if it has one.
        case refused(status: Int, retryAfter: Int?)
        case failed(TransferFailure)
    }

    let attempts: Int
    let firstBackoff: Duration
    let longestBackoff: Duration
    let longestRetryAfter: Duration

    init(_ limits: KubernetesClient.Limits) {
        attempts = limits.attempts
        firstBackoff = limits.firstBackoff
        longestBackoff = limits.longestBackoff
        longestRetryAfter = limits.longestRetryAfter
    }

    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - isRepeatable: whether the server may be asked twice without harm.
    ///   - chance: 0..<1.
    /// - Returns: nil to give up.
    func pause(after outcome: Outcome, attempt: Int, isRepeatable: Bool, chance: Double) -> Duration? {
        guard attempt < attempts, mayRepeat(after: outcome, isRepeatable: isRepeatable) else { return nil }
        let backoff = backoff(attempt: attempt, chance: chance)
        guard case .refused(_, let retryAfter?) = outcome else { return backoff }
        let wish = Duration.seconds(retryAfter)
        // Callers that were all sent away in one moment must not all come back in one.
        return wish <= longestRetryAfter ? wish + firstBackoff * chance : nil
    }

    /// The pause before the next attempt when the server has no wish: doubling, half of it chance.
    func backoff(attempt: Int, chance: Double) -> Duration {
        let doubled = firstBackoff * (1 << min(max(attempt - 1, 0), 20))
        return min(doubled, longestBackoff) * (0.5 + chance / 2)
    }

    private func mayRepeat(after outcome: Outcome, isRepeatable: Bool) -> Bool {
        switch outcome {
        // Flow control turns requests away before they are looked at.
        case .refused(status: 429, _): true
        case .refused(status: 503, _): isRepeatable
        case .refused(status: let status, let retryAfter): isRepeatable && status >= 500 && retryAfter != nil
        case .failed(.notSent): true
        case .failed(.interrupted): isRepeatable
        case .failed: false
        }
    }
}
