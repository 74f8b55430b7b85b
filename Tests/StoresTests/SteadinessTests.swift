import Foundation
import Testing

@testable import Stores

struct SteadinessTests {
    private let now = Date(timeIntervalSince1970: 1_795_000_000)

    @Test func `each fall in a spell makes the trial longer, up to five minutes`() {
        var steadiness = Steadiness()
        var trials: [Int] = []
        for fall in 0..<9 {
            steadiness = steadiness.afterRelapse(at: now + Double(fall) * 60)
            trials.append(Int(steadiness.trial))
        }
        #expect(trials == [0, 10, 20, 40, 80, 160, 300, 300, 300])
    }

    @Test func `a fall long after the last begins a new spell`() {
        let steadiness = Steadiness(relapses: 5, relapsedAt: now)
        #expect(steadiness.afterRelapse(at: now + 899).relapses == 6)
        #expect(steadiness.afterRelapse(at: now + 900).relapses == 1)
    }

    @Test func `the trial counts from when it first looked well, and anew after a lapse`() {
        let fallen = Steadiness(relapses: 3, relapsedAt: now)
        let well = fallen.seen(well: true, at: now + 5).seen(well: true, at: now + 12)
        #expect(well.remainder(at: now + 15) == 10)
        #expect(well.seen(well: false, at: now + 16).seen(well: true, at: now + 17).remainder(at: now + 17) == 20)
    }
}
