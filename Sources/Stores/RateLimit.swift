/// So many requests in a while: a bucket of that size, filled again evenly over the while.
package struct RateLimit: Sendable, Hashable {
    /// As the header fields call it.
    package let name: String
    package let requests: Int
    /// Seconds.
    package let window: Int

    package init(name: String, requests: Int, window: Int) {
        self.name = name
        self.requests = requests
        self.window = window
    }

    package var perSecond: Double { Double(requests) / Double(window) }

    /// What is left of a bucket after a request.
    package struct Verdict: Sendable, Hashable {
        package let limit: RateLimit
        package let isGranted: Bool
        package let remaining: Int
        /// Seconds until the bucket is full, or, where the request was refused, until the next one is let through.
        package let seconds: Int

        package init(_ limit: RateLimit, isGranted: Bool, level: Double) {
            self.limit = limit
            self.isGranted = isGranted
            remaining = Int(level)
            let missing = isGranted ? Double(limit.requests) - level : 1 - level
            seconds = max(isGranted ? 0 : 1, Int((missing / limit.perSecond).rounded(.up)))
        }
    }
}

/// Buckets by whose they are. Pure: the time is given.
package struct RateBuckets: Sendable, Hashable {
    private struct Bucket: Hashable {
        var level: Double
        /// Seconds of any clock that does not go back.
        var filledAt: Double
    }

    package let limit: RateLimit
    private let maximumCount: Int
    private var buckets: [String: Bucket] = [:]

    /// - Parameter maximumCount: how many are kept; beyond that the full ones are forgotten, and if there are none, all.
    package init(_ limit: RateLimit, maximumCount: Int = 10_000) {
        self.limit = limit
        self.maximumCount = maximumCount
    }

    package mutating func take(_ subject: String, at now: Double) -> RateLimit.Verdict {
        if buckets.count >= maximumCount, buckets[subject] == nil { makeRoom(at: now) }
        let level = buckets[subject].map { self.level(of: $0, at: now) } ?? Double(limit.requests)
        let isGranted = level >= 1
        let left = isGranted ? level - 1 : level
        buckets[subject] = Bucket(level: left, filledAt: now)
        return RateLimit.Verdict(limit, isGranted: isGranted, level: left)
    }

    private func level(of bucket: Bucket, at now: Double) -> Double {
        min(Double(limit.requests), bucket.level + max(0, now - bucket.filledAt) * limit.perSecond)
    }

    private mutating func makeRoom(at now: Double) {
        let used = buckets.filter { level(of: $0.value, at: now) < Double(limit.requests) }
        buckets = used.count < maximumCount ? used : [:]
    }
}
