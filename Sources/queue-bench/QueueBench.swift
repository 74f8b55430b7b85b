import Foundation
import JSON
import Postgres
import Repository
import Stores

/// The work protocol by itself: claims and finishes the work of stores that are there, from several connections, and asks for more.
@main
struct QueueBench {
    private static let workers = 8

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seconds = Int(arguments[2]), let rate = Int(arguments[3]) else {
            FileHandle.standardError.write(
                Data("usage: queue-bench DATABASE_URL SECONDS CLAIMS_A_SECOND (0: as many as it can)\n".utf8))
            exit(64)
        }
        var configuration = PostgresConfiguration(url: arguments[1])
        configuration.maximumConnections = workers + 1
        let pool = ConnectionPool(configuration: configuration)
        let ids = try await pool.withConnection { db in try StoreRepository.allLiving(on: db).map(\.id) }
        let deadline = ContinuousClock.now + .seconds(seconds)
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for index in 0..<workers {
                group.addTask { try await work(pool, ids, until: deadline, rate: rate, looksAtEverything: index == 0) }
            }
            var all: [Duration] = []
            for try await some in group { all += some }
            return all.sorted()
        }
        await pool.close()
        let report: JSONValue = [
            "finished": .integer(latencies.count), "perSecond": .double(Double(latencies.count) / Double(seconds)),
            "p50": .double(milliseconds(latencies, 0.5)), "p99": .double(milliseconds(latencies, 0.99)), "max": .double(milliseconds(latencies, 1)),
        ]
        print(report.text)
    }

    /// Claims one store, finishes it, and makes some due again when there is nothing left. As a provisioner does, one of them looks
    /// at everything each second and the others at what became due lately.
    /// - Returns: how long each claim took that got one.
    private static func work(
        _ pool: ConnectionPool, _ ids: [StoreID], until deadline: ContinuousClock.Instant, rate: Int, looksAtEverything: Bool
    ) async throws -> [Duration] {
        var latencies: [Duration] = []
        var next = ContinuousClock.now
        var tick = next
        while ContinuousClock.now < deadline {
            if rate > 0 {
                next += .seconds(Double(workers) / Double(rate))
                try await Task.sleep(until: next, clock: .continuous)
            }
            let began = ContinuousClock.now
            let isTick = looksAtEverything && began >= tick
            if isTick { tick = began + .seconds(1) }
            let leases = try await pool.withConnection { db in
                try WorkRepository.claim(limit: 1, lease: .seconds(30), dueWithin: isTick ? nil : WorkRepository.lately, on: db)
            }
            guard let lease = leases.first else {
                let some = Array(ids.shuffled().prefix(100))
                try await pool.withConnection { db in try WorkRepository.enqueue(some, on: db) }
                continue
            }
            latencies.append(ContinuousClock.now - began)
            try await pool.withConnection { db in _ = try WorkRepository.finish(lease, on: db) }
        }
        return latencies
    }

    private static func milliseconds(_ sorted: [Duration], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] / .milliseconds(1)
    }
}
