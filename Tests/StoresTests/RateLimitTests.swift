import Testing

@testable import Stores

struct RateLimitTests {
    private let limit = RateLimit(name: "requests", requests: 3, window: 6)

    @Test func `a bucket gives what is in it, and then one each time it has filled by one`() {
        var buckets = RateBuckets(limit)
        let verdicts = [0, 0, 0, 0, 1.9, 2.1, 2.2].map { buckets.take("a", at: $0) }
        #expect(verdicts.map(\.isGranted) == [true, true, true, false, false, true, false])
        #expect(verdicts.map(\.remaining) == [2, 1, 0, 0, 0, 0, 0])
        #expect(verdicts.map(\.seconds) == [2, 4, 6, 2, 1, 6, 2])
    }

    @Test func `one's requests do not count for another`() {
        var buckets = RateBuckets(limit)
        for _ in 0..<4 { _ = buckets.take("a", at: 0) }
        #expect(buckets.take("b", at: 0).isGranted)
    }

    @Test func `a bucket never holds more than its size, and a clock that goes back takes nothing`() {
        var buckets = RateBuckets(limit)
        _ = buckets.take("a", at: 100)
        #expect(buckets.take("a", at: 10_000) == RateLimit.Verdict(limit, isGranted: true, level: 2))
        #expect(buckets.take("a", at: 0) == RateLimit.Verdict(limit, isGranted: true, level: 1))
    }

    @Test func `as many buckets are kept as may be, the used ones before the full`() {
        var buckets = RateBuckets(limit, maximumCount: 2)
        for _ in 0..<3 { _ = buckets.take("busy", at: 0) }
        _ = buckets.take("calm", at: 0)
        _ = buckets.take("new", at: 2)  // the calm one is full again and makes room
        var other = RateBuckets(limit, maximumCount: 2)
        for _ in 0..<3 { _ = other.take("busy", at: 0) }
        _ = other.take("new", at: 2)
        #expect(buckets == other)
    }

    @Test(arguments: ["shops", "=admin", "shops=", "shops=root", "shops=merchant:", ""]) func `what is no grant to a group`(
        text: String
    ) {
        #expect(ProxyRole(text) == nil)
    }

    @Test func `the first grant that fits counts`() throws {
        let roles = try ["shop-admins=admin", "shops=merchant:teapots"].map { try #require(ProxyRole($0)) }
        func role(_ groups: Set<String>) -> Principal? { ProxyRole.principal("ada", of: groups, by: roles) }
        #expect(role(["shops", "shop-admins"]) == Principal(tokenID: nil, account: "default", role: .admin, name: "ada"))
        #expect(role(["shops"]) == Principal(tokenID: nil, account: "teapots", role: .merchant, name: "ada"))
        #expect(role([]) == nil)
    }
}
