import Testing

@testable import Postgres

struct PoolStateTests {
    @Test func `connections are lent up to the maximum, then callers wait in order`() {
        var pool = PoolState<String, Int>(maximum: 1)
        let step1 = pool.request(1)
        #expect(step1 == .lend(nil, to: 1))
        let step2 = pool.request(2)
        #expect(step2 == nil)
        let step3 = pool.request(3)
        #expect(step3 == nil)
        let step4 = pool.release("a")
        #expect(step4 == [.lend("a", to: 2)])
        let step5 = pool.release("a")
        #expect(step5 == [.lend("a", to: 3)])
        let step6 = pool.release("a")
        #expect(step6 == [])
        #expect(pool.idle == ["a"])
        let step7 = pool.request(4)
        #expect(step7 == .lend("a", to: 4))
    }

    @Test func `who is in a hurry is served before the others, in order`() {
        var pool = PoolState<String, Int>(maximum: 1)
        _ = pool.request(1)
        _ = pool.request(2)
        _ = pool.request(3, isUrgent: true)
        _ = pool.request(4, isUrgent: true)
        _ = pool.request(5)
        #expect(pool.firstPatientWaiter == 2)
        #expect(pool.waiters == [3, 4, 2, 5])
        let hasGivenUp = pool.giveUp(3)
        #expect(hasGivenUp)
        _ = pool.request(6, isUrgent: true)
        #expect(pool.waiters == [4, 6, 2, 5])
        let lent = (1...4).flatMap { _ in pool.release("a") }
        #expect(lent == [.lend("a", to: 4), .lend("a", to: 6), .lend("a", to: 2), .lend("a", to: 5)])
        #expect(pool.firstPatientWaiter == nil)
        _ = pool.request(7)
        #expect(pool.firstPatientWaiter == 7)
    }

    @Test func `a broken connection hands its place on, without itself`() {
        var pool = PoolState<String, Int>(maximum: 1)
        _ = pool.request(1)
        _ = pool.request(2)
        let step8 = pool.release(nil)
        #expect(step8 == [.lend(nil, to: 2)])
        let step9 = pool.release(nil)
        #expect(step9 == [])
        #expect(pool.inUse == 0)
    }

    @Test func `who gives up is not lent to, and who was lent to cannot give up`() {
        var pool = PoolState<String, Int>(maximum: 1)
        _ = pool.request(1)
        _ = pool.request(2)
        let step10 = pool.giveUp(2)
        #expect(step10)
        let step11 = pool.giveUp(1)
        #expect(!step11)
        let step12 = pool.release("a")
        #expect(step12 == [])
    }

    @Test func `a closed pool closes what is idle and what comes back`() {
        var pool = PoolState<String, Int>(maximum: 2)
        _ = pool.request(1)
        _ = pool.request(2)
        _ = pool.release("a")
        let step13 = pool.close()
        #expect(step13 == [.close("a")])
        let step14 = pool.release("b")
        #expect(step14 == [.close("b")])
        #expect(pool.idle == [])
    }
}
