import Foundation
import HTTP
import JSON
import Testing

@testable import ClusterSimulator

/// Random work of several clients at once, and what must hold after it. `scripts/test sanitizer` runs it under ThreadSanitizer.
@Suite(.timeLimit(.minutes(2)))
struct SoakTests {
    private static let clients = 6
    private static let steps = 150
    private static let namespaces = ["n0", "n1", "n2"]
    private static let watched = ["configmaps", "pods", "deployments.apps", "replicasets.apps"]

    @Test func `after random work everything adds up`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("soak seed \(seed)")
        try await withSoakedCluster { server, cluster in
            for name in SoakTests.namespaces { await SoakTests.prepare(name, on: server) }
            let mirrors = SoakTests.watched.map { Mirror(kind: $0) }
            try await withThrowingTaskGroup(of: Void.self) { watching in
                for mirror in mirrors { try await mirror.follow(server, in: &watching) }
                await withTaskGroup(of: Void.self) { working in
                    for client in 0..<SoakTests.clients {
                        working.addTask {
                            var random = SplitMix64(state: seed &+ UInt64(client))
                            for _ in 0..<SoakTests.steps { await SoakTests.step(server, &random) }
                        }
                    }
                }
                try await SoakTests.waitUntilQuiet(cluster)
                let version = cluster.change { $0.version }
                for mirror in mirrors { try await mirror.reach(version, cluster) }
                watching.cancelAll()
            }
            SoakTests.checkUsage(cluster)
            SoakTests.checkOwners(cluster)
            for mirror in mirrors { mirror.compare(with: cluster) }
        }
    }

    // MARK: Work

    private static func prepare(_ namespace: String, on server: APIServer) async {
        await send("POST", "/api/v1/namespaces", ["metadata": ["name": .string(namespace)]], server)
        await send(
            "POST", "/api/v1/namespaces/\(namespace)/resourcequotas",
            ["metadata": ["name": "q"], "spec": ["hard": ["pods": "8", "configmaps": "12", "count/deployments.apps": "4"]]], server)
    }

    @discardableResult
    private static func send(
        _ method: String, _ path: String, _ body: JSONValue?, _ server: APIServer, type: String = "application/json"
    )
        async -> Response
    {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = parts.count > 1 ? [Request.QueryParameter(name: "fieldManager", value: "soak")] : []
        return await server.respond(
            to: Request(method: method, path: parts[0], query: query, headers: ["Content-Type": type], body: body?.bytes ?? []))
    }

    private static func step(_ server: APIServer, _ random: inout SplitMix64) async {
        let namespace = namespaces[Int.random(in: 0..<namespaces.count, using: &random)]
        let name = "o\(Int.random(in: 0..<6, using: &random))"
        let maps = "/api/v1/namespaces/\(namespace)/configmaps"
        let deployments = "/apis/apps/v1/namespaces/\(namespace)/deployments"
        let value = JSONValue.string(String(Int.random(in: 0..<1000, using: &random)))
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            await send(
                "PATCH", "\(maps)/\(name)?fieldManager", ["metadata": ["labels": ["v": value]], "data": ["k": value]], server,
                type: "application/apply-patch+yaml")
        case 2: await send("PATCH", "\(maps)/\(name)", ["data": ["k": value]], server, type: "application/merge-patch+json")
        case 3: await send("DELETE", "\(maps)/\(name)", nil, server)
        case 4, 5:
            let replicas = JSONValue.integer(Int.random(in: 0...3, using: &random))
            let label: JSONValue = ["app": .string(name)]
            await send(
                "PATCH", "\(deployments)/\(name)?fieldManager",
                [
                    "metadata": [:],
                    "spec": [
                        "replicas": replicas, "selector": ["matchLabels": label],
                        "template": [
                            "metadata": ["labels": label], "spec": ["containers": [["name": "c", "image": .string("i:\(name)")]]],
                        ],
                    ],
                ], server, type: "application/apply-patch+yaml")
        case 6:
            await send(
                "PATCH", "\(deployments)/\(name)/scale", ["spec": ["replicas": .integer(Int.random(in: 0...3, using: &random))]],
                server, type: "application/merge-patch+json")
        case 7: await send("DELETE", "\(deployments)/\(name)", ["propagationPolicy": "Foreground"], server)
        case 8: await send("DELETE", "\(deployments)/\(name)", nil, server)
        default: await send("DELETE", "/api/v1/namespaces/\(namespace)/pods", ["gracePeriodSeconds": 0], server)
        }
    }

    /// Until nothing has changed for a while: what runs in the background has ended.
    private static func waitUntilQuiet(_ cluster: Cluster) async throws {
        var last = -1
        while true {
            let version = cluster.change { $0.version }
            if version == last { return }
            last = version
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    // MARK: What must hold

    private static func checkUsage(_ cluster: Cluster) {
        cluster.change { state in
            for namespace in namespaces {
                var counted = NamespaceUsage()
                for kind in Kind.all where kind.isNamespaced {
                    for object in state.objects(kind.id, in: namespace) {
                        _ = counted.change(
                            from: nil, to: object, ObjectKey(kind: kind.id, namespace: namespace, name: object.name))
                    }
                }
                #expect(counted.of(namespace) == state.usage.of(namespace))
                let used = state.object(.quota, namespace, "q")?[path: "status", "used"]
                #expect(used?["pods"]?.string == (counted.of(namespace)["pods"] ?? .zero).text(isBinary: false))
                #expect(used?["configmaps"]?.string == (counted.of(namespace)["configmaps"] ?? .zero).text(isBinary: false))
                #expect(counted.of(namespace)["pods"] ?? .zero <= Quantity(thousandths: 8000))
            }
        }
    }

    private static func checkOwners(_ cluster: Cluster) {
        cluster.change { state in
            for kind in [Kind.of(.pod), Kind.of(.replicaSet)] {
                for object in state.objects(kind.id, in: nil) {
                    guard let owner = object.controller else { continue }
                    let kind = Kind.all.first { $0.name == owner["kind"]?.string }
                    let key = ObjectKey(kind: kind?.id ?? "", namespace: object.namespace, name: owner["name"]?.string ?? "")
                    #expect(state[key]?.uid == owner["uid"]?.string, "\(object.name) is left without its owner")
                }
            }
        }
    }
}

/// What a watch has told, put together again.
private final class Mirror: Sendable {
    private struct State {
        var objects: [String: JSONValue] = [:]
        var version = 0
        var isInOrder = true
    }

    private let kind: String
    private let state = Guarded(State())

    init(kind: String) { self.kind = kind }

    func follow(_ server: APIServer, in group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let parts = kind.split(separator: ".").map(String.init)
        let path = parts.count == 1 ? "/api/v1/\(kind)" : "/apis/apps/v1/\(parts[0])"
        let response = await server.respond(
            to: Request(
                method: "GET", path: path,
                query: [.init(name: "watch", value: "1"), .init(name: "allowWatchBookmarks", value: "true")]))
        guard case .stream(let write) = response.body else { throw CancellationError() }
        let rest = Guarded<[UInt8]>([])
        group.addTask {
            do {
                try await write(
                    ResponseWriter { bytes in
                        let lines = rest.withLock { rest -> [[UInt8]] in
                            rest += bytes
                            var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
                            rest = lines.removeLast()
                            return lines
                        }
                        for line in lines { self.take(try JSONValue(parsing: line)) }
                    })
            } catch {
                return  // the watch was ended
            }
        }
    }

    private func take(_ event: JSONValue) {
        let object = event["object"] ?? [:]
        let version = object.resourceVersion
        state.withLock { state in
            let isInitial = state.version == 0
            if event["type"]?.string == "BOOKMARK" {
                state.version = max(state.version, version)
                return
            }
            // The objects that were there at first come by their names, those that change by their versions.
            if !isInitial, version <= state.version { state.isInOrder = false }
            if !isInitial { state.version = version }
            let key = "\(object.namespace)/\(object.name)"
            state.objects[key] = event["type"]?.string == "DELETED" ? Optional.none : object
        }
    }

    /// Waits until nothing is on its way any more.
    func reach(_ version: Int, _ cluster: Cluster) async throws {
        let last = cluster.change { state in state.objects(self.kind, in: nil).map(\.resourceVersion).max() ?? 0 }
        while state.withLock({ $0.version < last }) { try await Task.sleep(for: .milliseconds(10)) }
    }

    func compare(with cluster: Cluster) {
        let kept = cluster.change { state in
            Dictionary(
                uniqueKeysWithValues: state.objects(self.kind, in: nil).map { ("\($0.namespace)/\($0.name)", $0.resourceVersion) })
        }
        let (told, isInOrder) = state.withLock { ($0.objects.mapValues(\.resourceVersion), $0.isInOrder) }
        #expect(told == kept, "\(kind)")
        #expect(isInOrder, "\(kind): a version came after a later one")
    }
}

/// A cluster whose pods start at once.
private func withSoakedCluster(_ body: (APIServer, Cluster) async throws -> Void) async throws {
    var state = ClusterState()
    try state.equipCluster()
    let cluster = Cluster(state)
    let controllers = Controllers(cluster: cluster, podDelay: .milliseconds(2))
    let working = Task { await controllers.run() }
    try await body(APIServer(cluster: cluster, callDelay: .zero), cluster)
    working.cancel()
    await working.value
}
