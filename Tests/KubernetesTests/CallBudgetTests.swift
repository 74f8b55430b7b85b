import Testing

@testable import Kubernetes

struct CallBudgetTests {
    private let start = ContinuousClock.Instant.now

    private func budget(_ callsPerSecond: Int = 10, burst: Int = 5, threshold: Int = 3) -> CallBudget {
        CallBudget(callsPerSecond: callsPerSecond, burst: burst, threshold: threshold, longestRest: .seconds(15), now: start)
    }

    @Test func `a burst goes at once and what follows at the pace`() {
        var budget = budget()
        let verdicts = (0..<8).map { _ in budget.admit(at: start + .seconds(10)) }
        #expect(verdicts.prefix(5).allSatisfy { $0 == .go })
        let waits = verdicts.dropFirst(5).compactMap { verdict in
            if case .wait(let pause) = verdict { Int((pause / .milliseconds(1)).rounded()) } else { nil }
        }
        #expect(waits == [100, 200, 300])
    }

    @Test func `who would come too late keeps nobody waiting`() {
        var budget = budget(10, burst: 1)
        let now = start + .seconds(20)
        #expect(budget.admit(at: now) == .go)
        for _ in 0..<1000 { #expect(budget.admit(at: now, before: now + .milliseconds(100)) == .late) }
        #expect(budget.admit(at: now, before: now + .seconds(1)) == .wait(.milliseconds(100)))
        let verdicts = (0..<1000).map { _ in budget.admit(at: now) }
        #expect(verdicts.last == .late)
        #expect(budget.admit(at: now + CallBudget.longestQueue) == .go)
    }

    @Test func `first tries and repetitions share it`() {
        var budget = budget(100, burst: 1)
        var sent = 0
        var now = start
        // Ten callers that are all answered with trouble and come back at once.
        while now < start + .seconds(10) {
            if case .go = budget.admit(at: now) {
                sent += 1
                budget.note(sent % 2 == 0 ? .overloaded : .answered, at: now, chance: 0)
            }
            now += .milliseconds(1)
        }
        #expect(sent <= 1010)
    }

    @Test func `trouble halves the pace at most twice a second and good answers bring it back`() {
        var budget = budget(100, threshold: 1000)
        for step in 0..<100 { budget.note(.overloaded, at: start + .milliseconds(10 * step), chance: 0) }
        #expect(budget.pace == 50)
        for step in 0..<1000 { budget.note(.overloaded, at: start + .seconds(1) + .milliseconds(10 * step), chance: 0) }
        #expect(budget.pace == CallBudget.slowestPace)
        for _ in 0..<200 { budget.note(.answered, at: start + .seconds(12), chance: 0) }
        #expect(budget.pace == 100)
    }

    @Test func `after so many failures nothing is sent but one call that asks`() {
        var budget = budget()
        for _ in 0..<3 { budget.note(.overloaded, at: start, chance: 1) }
        #expect(budget.isClosed)
        guard case .refused(let until) = budget.admit(at: start) else { return _ = Issue.record("let through") }
        #expect(until == start + .seconds(1))
        #expect(budget.admit(at: until) == .go)
        guard case .refused = budget.admit(at: until) else { return _ = Issue.record("a second call was let through") }
        budget.note(.answered, at: until, chance: 1)
        #expect(!budget.isClosed)
        #expect(budget.admit(at: until + .seconds(1)) == .go)
    }

    @Test func `rests grow up to the longest and the probe that fails begins the next`() {
        var budget = budget()
        var now = start
        var rests: [Int] = []
        for _ in 0..<3 { budget.note(.overloaded, at: now, chance: 1) }
        for _ in 0..<6 {
            guard case .refused(let until) = budget.admit(at: now) else { return _ = Issue.record("let through") }
            rests.append(Int((now.duration(to: until) / .seconds(1)).rounded()))
            now = until
            #expect(budget.admit(at: now) == .go)
            budget.note(.overloaded, at: now, chance: 1)
        }
        #expect(rests == [1, 2, 4, 8, 15, 15])
    }

    @Test func `a probe that was cancelled leaves the way to another`() {
        var budget = budget()
        for _ in 0..<3 { budget.note(.overloaded, at: start, chance: 1) }
        let later = start + .seconds(2)
        #expect(budget.admit(at: later) == .go)
        budget.abandonProbe()
        #expect(budget.admit(at: later) == .go)
    }
}
