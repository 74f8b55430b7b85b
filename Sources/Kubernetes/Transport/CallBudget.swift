/// How many calls may be sent, first tries and repetitions alike, and whether any: the pace falls where the server cannot keep up, and
/// where it answers nothing at all the calls are refused here until a single one has gone through again. Pure; times are its caller's.
struct CallBudget: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    enum Verdict: Hashable, Sendable {
        case go
        /// Its place is reserved, so much later.
        case wait(Duration)
        /// Its turn would come too late, and none is reserved: places that nobody takes would keep those waiting who come after.
        case late
        /// Nothing is sent before this moment.
        case refused(until: Instant)
    }

    /// What an attempt has told of the server as a whole.
    enum Outcome: Hashable, Sendable {
        case answered
        /// Turned away, failed or silent: no matter of this request alone.
        case overloaded
    }

    /// Calls a second where all is well.
    let fullPace: Double
    /// Calls that may follow each other at once after a rest.
    let burst: Double
    /// Calls in a row that went wrong before none is sent.
    let threshold: Int
    let longestRest: Duration

    private(set) var pace: Double
    /// When the call after those already reserved would be due.
    private var next: Instant
    private var lastSlowed: Instant
    private var failuresInARow = 0
    private var rests = 0
    private var closedUntil: Instant?
    private var isProbing = false

    /// Nobody reserves a place later than this.
    static let longestQueue: Duration = .seconds(10)
    static let slowestPace = 2.0

    init(callsPerSecond: Int, burst: Int = 100, threshold: Int = 20, longestRest: Duration = .seconds(15), now: Instant) {
        fullPace = Double(max(1, callsPerSecond))
        self.burst = Double(burst)
        self.threshold = threshold
        self.longestRest = longestRest
        pace = fullPace
        next = now
        lastSlowed = now
    }

    /// Since when nothing is sent, in effect: whether the calls are refused.
    var isClosed: Bool { closedUntil != nil }

    /// - Parameter deadline: when the call is to have been sent; nil where it may wait as long as any.
    mutating func admit(at now: Instant, before deadline: Instant? = nil) -> Verdict {
        if let closedUntil {
            // One is let through to ask how things are; the others wait for what it finds.
            guard now >= closedUntil, !isProbing else { return .refused(until: max(closedUntil, now + .milliseconds(100))) }
            isProbing = true
            return .go
        }
        let earliest = now - .seconds(burst / fullPace)
        let turn = max(next, earliest) + .seconds(1 / pace)
        let latest = now + CallBudget.longestQueue
        guard turn <= now || turn < min(deadline ?? latest, latest) else { return .late }
        next = turn
        return turn <= now ? .go : .wait(now.duration(to: turn))
    }

    /// - Parameter chance: 0..<1; replicas that were turned away in one moment must not all come back in one.
    mutating func note(_ outcome: Outcome, at now: Instant, chance: Double) {
        switch outcome {
        case .answered:
            failuresInARow = 0
            rests = 0
            if closedUntil != nil {
                closedUntil = nil
                isProbing = false
                next = now
            }
            pace = min(fullPace, pace + fullPace / 200)
        case .overloaded:
            failuresInARow += 1
            if lastSlowed.duration(to: now) >= .milliseconds(500) {
                pace = max(CallBudget.slowestPace, pace / 2)
                lastSlowed = now
            }
            if isProbing || (closedUntil == nil && failuresInARow >= threshold) {
                isProbing = false
                let rest = min(longestRest, .seconds(1) * (1 << min(rests, 10)))
                closedUntil = now + rest * (0.5 + chance / 2)
                rests += 1
            }
        }
    }

    /// A call that was let through to probe has ended without telling anything: another may.
    mutating func abandonProbe() { isProbing = false }
}
