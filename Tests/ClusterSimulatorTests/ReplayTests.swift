import Foundation
import HTTP
import JSON
import Testing

@testable import ClusterSimulator

/// Exchanges that a real API server (1.36.2) had, asked of the simulator in the same order.
struct ReplayTests {
    private static let recordings = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../KubernetesTests/Recorded").standardized

    /// What is another in every run, or the server's own bookkeeping.
    private static let volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields", "continue", "time",
        "lastTransitionTime",
        "lastUpdateTime", "clusterIP", "clusterIPs", "generation",
    ]

    private func essence(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            return .object(
                JSONObject(object.members.filter { !ReplayTests.volatile.contains($0.key) }.map { ($0.key, essence($0.value)) }))
        case .array(let items): return .array(items.map(essence))
        case .string(let text):
            // Ids and versions inside of messages.
            return .string(text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "UID"))
        default: return value
        }
    }

    private func replay(_ files: [String]) async throws -> (agreed: Int, all: Int, differences: [String]) {
        var state = ClusterState()
        _ = try state.create(["metadata": ["name": "default"]], Kind.of(.namespace))
        let cluster = Cluster(state)
        let server = APIServer(cluster: cluster, callDelay: .zero)
        let controllers = Controllers(cluster: cluster, podDelay: .zero)
        let working = Task { await controllers.run() }
        defer { working.cancel() }
        var agreed = 0
        var all = 0
        var differences: [String] = []
        for file in files {
            let recording = try JSONValue(
                parsing: try Data(contentsOf: ReplayTests.recordings.appendingPathComponent("\(file).json")))
            for exchange in recording.array ?? [] {
                let name = exchange["name"]?.string ?? ""
                // Credentials are a later matter; a token to go on from is the recorded server's own.
                guard !name.contains("credentials"), !name.contains("bad token"), name != "second page" else { continue }
                all += 1
                let response = await server.respond(to: try request(exchange["request"] ?? .null))
                let wanted = exchange["response"] ?? .null
                guard case .bytes(let bytes) = response.body else { continue }
                let body = bytes.isEmpty ? JSONValue.null : try JSONValue(parsing: bytes)
                let isSame = response.status.code == wanted["status"]?.integer && essence(body) == essence(wanted["body"] ?? .null)
                if isSame { agreed += 1 } else { differences.append("\(file): \(name) (\(response.status.code))") }
            }
        }
        return (agreed, all, differences)
    }

    private func request(_ json: JSONValue) throws -> Request {
        let target = json["path"]?.string ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [Request.QueryParameter] = []
        for pair in (parts.count < 2 ? "" : parts[1]).split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map { PercentEncoding.decode($0) ?? "" }
            query.append(Request.QueryParameter(name: sides[0], value: sides.count > 1 ? sides[1] : ""))
        }
        var headers = HTTPFields()
        for member in json["headers"]?.object ?? [:] { headers.add(member.key, member.value.string ?? "") }
        headers.add("User-Agent", "recorder")
        let body = json["body"] ?? .null
        let bytes: [UInt8] = body.isNull ? [] : body.string.map { Array($0.utf8) } ?? body.bytes
        return Request(method: json["method"]?.string ?? "GET", path: parts[0], query: query, headers: headers, body: bytes)
    }

    /// Raise the number with every exchange that comes to agree; docs/simulator.md lists the others with their reasons.
    @Test func `recorded exchanges are answered as the real server answered them`() async throws {
        let (agreed, all, differences) = try await replay(["namespaces", "apply", "secrets", "lists"])
        print("\(agreed) of \(all) agree")
        for difference in differences { print("  differs: \(difference)") }
        #expect(agreed >= 30 && all == 34)
    }
}
