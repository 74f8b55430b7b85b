import Foundation
import JSON
import Kubernetes
import Testing

@testable import ClusterSimulator

struct FaultPlanTests {
    private static let patch = FaultPlan.Call(
        method: "PATCH", path: "/api/v1/namespaces/a/configmaps/b", verb: "patch", resource: "configmaps")
    private static let read = FaultPlan.Call(
        method: "GET", path: "/api/v1/namespaces/a/configmaps/b", verb: "get", resource: "configmaps")

    private static func plan(_ json: JSONValue) throws -> FaultPlan {
        var reader = FaultPlanReader()
        let plan = reader.read(json)
        try #require(reader.faults.isEmpty, "\(reader.faults)")
        return plan
    }

    @Test func `the same seed gives the same faults, another seed others`() throws {
        func draws(seed: Int) throws -> [[Fault]] {
            var plan = try FaultPlanTests.plan([
                "seed": .integer(seed),
                "rules": [
                    ["fault": "unavailable", "probability": 0.3],
                    ["fault": "latency", "milliseconds": 20, "distribution": "exponential", "probability": 0.5],
                ],
            ])
            return (0..<200).map { _ in plan.draw(for: FaultPlanTests.patch) }
        }
        let (first, again, other) = (try draws(seed: 7), try draws(seed: 7), try draws(seed: 8))
        #expect(again == first)
        #expect(other != first)
    }

    @Test func `a share of the calls is struck, of all or of none`() throws {
        func struck(_ probability: Double) throws -> Int {
            var plan = try FaultPlanTests.plan([
                "seed": 1, "rules": [["fault": "internalError", "probability": .double(probability)]],
            ])
            return (0..<1000).count { _ in !plan.draw(for: FaultPlanTests.patch).isEmpty }
        }
        let (none, all, some) = (try struck(0), try struck(1), try struck(0.3))
        #expect(none == 0)
        #expect(all == 1000)
        #expect((250...350).contains(some))
    }

    @Test func `a rule strikes what it matches, and as often as it may`() throws {
        var plan = try FaultPlanTests.plan([
            "rules": [
                [
                    "fault": "tooManyRequests", "retryAfter": 3, "match": ["verb": "patch", "path": "/api/v1/namespaces/a/"],
                    "count": 2,
                ]
            ]
        ])
        let drawn = [FaultPlanTests.read, FaultPlanTests.patch, FaultPlanTests.patch, FaultPlanTests.patch].map {
            plan.draw(for: $0)
        }
        #expect(drawn == [[], [.tooManyRequests(retryAfter: 3)], [.tooManyRequests(retryAfter: 3)], []])
        #expect(plan.applied == [2])
    }

    @Test func `everything that is wrong with a plan is said at once`() {
        var reader = FaultPlanReader()
        _ = reader.read([
            "sede": 1,
            "rules": [
                ["fault": "earthquake"], ["fault": "latency"], ["fault": "truncate", "probability": 2, "count": -1],
                ["fault": "unavailable", "match": ["verbs": "get"]],
            ],
        ])
        #expect(reader.faults.count == 6)
        #expect(reader.faults[0].contains("“sede”"))
    }
}

/// Each fault once, on the wire.
@Suite(.timeLimit(.minutes(1)))
struct FaultWireTests {
    private static let manifest: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "default"], "data": ["k": "v"],
    ]

    /// A cluster with a plan, and a client that tries everything once.
    private func withFaults(
        _ rules: JSONValue, _ body: @Sendable @escaping (KubernetesClient, ClusterSimulator) async throws -> Void
    ) async throws {
        var configuration = ClusterSimulator.Configuration()
        configuration.faults = ["seed": 1, "rules": rules]
        let simulator = try ClusterSimulator(configuration: configuration)
        var limits = KubernetesClient.Limits()
        limits.attempts = 1
        limits.longestRetryAfter = .zero
        let client = KubernetesClient(configuration: ClusterConfiguration(server: simulator.url), limits: limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulator.run() }
            try await body(client, simulator)
            group.cancelAll()
        }
    }

    /// - Returns: what the client was told; nil where it went well.
    private func apply(_ client: KubernetesClient) async -> KubernetesError? {
        do throws(KubernetesError) {
            _ = try await client.apply(FaultWireTests.manifest, as: .configMap)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [("tooManyRequests", 429), ("internalError", 500), ("unavailable", 503)])
    func `a refusal has its status and does nothing`(fault: String, code: Int) async throws {
        try await withFaults([["fault": .string(fault), "match": ["verb": "patch"], "count": 1]]) { client, simulator in
            #expect(await apply(client)?.status?.code == code)
            #expect(!simulator.objects("configmaps").contains { $0[path: "metadata", "name"] == "a" })
            #expect(simulator.mutatingCalls.last?.faults == [fault])
            #expect(await apply(client) == nil)
        }
    }

    @Test func `a connection cut before the call means that nothing was done`() async throws {
        try await withFaults([["fault": "resetBefore", "match": ["verb": "patch"], "count": 1]]) { client, simulator in
            let error = await apply(client)
            #expect(error?.isUnreachable == true)
            #expect(!simulator.objects("configmaps").contains { $0[path: "metadata", "name"] == "a" })
        }
    }

    @Test(arguments: ["resetAfter", "truncate"])
    func `an answer that is lost does not undo the call`(fault: String) async throws {
        try await withFaults([["fault": .string(fault), "match": ["verb": "patch"], "count": 1]]) { client, simulator in
            #expect(await apply(client) != nil)
            #expect(simulator.objects("configmaps").contains { $0[path: "metadata", "name"] == "a" })
            #expect(simulator.mutatingCalls.last?.status == 201)
        }
    }

    @Test func `a call takes as long as it is told`() async throws {
        try await withFaults([["fault": "latency", "milliseconds": 80, "match": ["verb": "patch"]]]) { client, _ in
            let clock = ContinuousClock()
            let began = clock.now
            #expect(await apply(client) == nil)
            #expect(clock.now - began >= .milliseconds(80))
        }
    }

    @Test(arguments: ["watchCut", "watchExpired"])
    func `a watch that breaks goes on, and nothing is missed`(fault: String) async throws {
        try await withFaults([["fault": .string(fault), "match": ["verb": "watch"], "count": 2]]) { client, _ in
            let told = Task { () -> Bool in
                for try await event in client.watch(.configMap, labelSelector: nil) {
                    if case .added(let object) = event, object[path: "metadata", "name"] == "a" { return true }
                }
                return false
            }
            #expect(await apply(client) == nil)
            let wasTold = try await told.value
            #expect(wasTold)
        }
    }

    @Test func `the clock jumps where it is told to`() {
        let before = Clock.date
        Clock.jump(by: 3600)
        let after = Clock.date
        Clock.jump(by: -3600)
        #expect(after.timeIntervalSince(before) >= 3600)
    }
}
