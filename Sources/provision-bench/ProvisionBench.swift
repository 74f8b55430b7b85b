import Engines
import Foundation
import JSON
import Kubernetes
import Stores

/// The floor under provisioning: the manifests of so many stores, sent by a bare loop of eight connections that waits for nothing.
@main
struct ProvisionBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard (3...4).contains(arguments.count), let count = Int(arguments[2]) else {
            FileHandle.standardError.write(
                Data("usage: provision-bench SERVER STORES [without-pods]\n       provision-bench SERVER SECONDS change\n".utf8))
            exit(64)
        }
        if arguments.last == "change" { return try await change(arguments[1], for: .seconds(count)) }
        let leavesOutPods = arguments.count == 4
        var limits = KubernetesClient.Limits()
        limits.concurrency = 8
        let client = KubernetesClient(configuration: ClusterConfiguration(server: arguments[1]), limits: limits)
        let now = Date()
        let stores = try (0..<count).map { index in
            let id = StoreID.random()
            return Store(
                id: id, name: "Raw \(index)", slug: try Slug("raw-\(index)"), engine: EngineID(rawValue: "woocommerce"),
                plan: .small,
                account: "default", createdAt: now, updatedAt: now, attemptedAt: now)
        }
        let plans = stores.map { store in
            (EngineRegistry.stages(of: store, on: PlatformConfiguration()) ?? []).flatMap(\.manifests).filter {
                !leavesOutPods || ![.statefulSet, .deployment, .job].contains($0.resource)
            }
        }
        let clock = ContinuousClock()
        let elapsed = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for index in stride(from: worker, to: plans.count, by: 8) {
                            for manifest in plans[index] {
                                switch manifest.write {
                                case .apply: try await client.applyUnread(manifest.json, as: manifest.resource)
                                case .createOnce(let keys):
                                    var json = manifest.json
                                    json["data"] = .object(JSONObject(keys.keys.map { ($0, "cGFzc3dvcmQ=") }))
                                    try await client.createUnread(json, as: manifest.resource)
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let report: JSONValue = ["seconds": .double(seconds), "objects": .integer(plans.reduce(0) { $0 + $1.count })]
        print(report.text)
    }

    /// Changes ConfigMaps for a while, as fast as four connections can.
    private static func change(_ server: String, for time: Duration) async throws {
        let client = KubernetesClient(configuration: ClusterConfiguration(server: server))
        let deadline = ContinuousClock.now + time
        let counts = try await withThrowingTaskGroup(of: (Int, Duration).self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var count = 0
                    var slowest = Duration.zero
                    while ContinuousClock.now < deadline {
                        let began = ContinuousClock.now
                        try await client.applyUnread(
                            [
                                "apiVersion": "v1", "kind": "ConfigMap",
                                "metadata": ["name": .string("w\(worker)-\(count % 100)"), "namespace": "default"],
                                "data": ["k": .string("\(count)")],
                            ], as: .configMap)
                        slowest = max(slowest, ContinuousClock.now - began)
                        count += 1
                    }
                    return (count, slowest)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let slowest = counts.map(\.1).max() ?? .zero
        let report: JSONValue = [
            "changes": .integer(counts.reduce(0) { $0 + $1.0 }), "slowest": .double(slowest / .seconds(1)),
        ]
        print(report.text)
    }
}
