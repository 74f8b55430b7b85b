import Foundation
import HTTP
import JSON
import Testing

@testable import ClusterSimulator

/// Exchanges that a real API server (1.36.2) had, asked of the simulator in the same order.
struct ReplayTests {
    /// In the order of the recording.
    private static let files = [
        "discovery", "namespaces", "apply", "secrets", "quota", "workloads", "lists", "watch", "pods", "deletion",
    ]

    /// Exchanges that differ for a reason that docs/simulator.md gives. Take one off the list when it comes to agree.
    private static let known: Set<String> = [
        "namespaces: no credentials: Unauthorized or Forbidden", "namespaces: bad token: Unauthorized",
        "workloads: change a job template: Invalid", "pods: events of the namespace",
    ]

    @Test func `recorded exchanges are answered as the real server answered them`() async throws {
        var agreed = 0
        var all = 0
        var differing: [String: [String]] = [:]
        try await withCluster { server in
            var recording = Recording()
            for file in ReplayTests.files {
                for preparation in Recording.preparations(of: file) { _ = await server.respond(to: preparation) }
                for exchange in try Recording.exchanges(file) where !ReplayTests.isBeside(exchange) {
                    let name = "\(file): \(exchange["name"]?.string ?? "")"
                    all += 1
                    if exchange["response"]?["events"] != nil {
                        let differences = try await replayWatch(exchange, of: recording, on: server)
                        if differences.isEmpty { agreed += 1 } else { differing[name] = differences }
                        continue
                    }
                    let differences = try await replay(
                        exchange, of: &recording, patience: ReplayTests.known.contains(name) ? .zero : .seconds(20), on: server)
                    if differences.isEmpty { agreed += 1 } else { differing[name] = differences }
                }
            }
        }
        print("\(agreed) of \(all) agree")
        for (name, differences) in differing.sorted(by: { $0.key < $1.key }) {
            print("  \(name)")
            for difference in differences { print("      \(difference)") }
        }
        #expect(Set(differing.keys) == ReplayTests.known)
    }

    /// - Returns: what differs, also after the cluster has had time to come to where the recorded one was.
    private func replay(
        _ exchange: JSONValue, of recording: inout Recording, patience: Duration, on server: APIServer
    ) async throws -> [String] {
        let wanted = exchange["response"] ?? .null
        let request = try recording.request(exchange["request"] ?? .null)
        let deadline = ContinuousClock.now + (request.method == "GET" ? patience : .zero)
        while true {
            let response = await server.respond(to: request)
            guard case .bytes(let bytes) = response.body else { return ["the answer is a stream"] }
            let isJSON = response.headers["Content-Type"]?.hasPrefix("application/json") ?? false
            let body: JSONValue = isJSON ? try JSONValue(parsing: bytes) : .string(String(decoding: bytes, as: UTF8.self))
            var differences = Essence.differences(wanted: Essence.of(wanted["body"] ?? .null), got: Essence.of(body))
            if response.status.code != wanted["status"]?.integer { differences.insert("status \(response.status.code)", at: 0) }
            if differences.isEmpty || ContinuousClock.now > deadline {
                recording.learn(recorded: wanted["body"] ?? .null, answered: body)
                return differences
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    // MARK: Watches

    /// Watches that ran beside other exchanges: compared by what they saw of each object.
    private static func isBeside(_ exchange: JSONValue) -> Bool {
        let name = exchange["name"]?.string
        return name == "deployments while one rolls out" || watches.contains { $0.name == name }
    }

    /// A watch of what has been: every event, in order.
    private func replayWatch(_ exchange: JSONValue, of recording: Recording, on server: APIServer) async throws -> [String] {
        let wanted = exchange["response"]?["events"]?.array ?? []
        let response = await server.respond(to: try recording.request(exchange["request"] ?? .null))
        var events: [JSONValue] = []
        switch response.body {
        case .bytes(let bytes): events = [try JSONValue(parsing: bytes)]
        case .abort: return ["no answer"]
        case .stream(let write):
            let (pieces, piece) = AsyncStream.makeStream(of: [UInt8].self)
            let watching = Task {
                defer { piece.finish() }
                try await write(ResponseWriter { piece.yield($0) })
            }
            // What it would still have said comes at once, for nothing changes.
            let ending = Task {
                try await Task.sleep(for: .milliseconds(500))
                watching.cancel()
                piece.finish()
            }
            for await bytes in pieces {
                for line in bytes.split(separator: UInt8(ascii: "\n")) { events.append(try JSONValue(parsing: line)) }
            }
            ending.cancel()
        }
        if response.status.code != exchange["response"]?["status"]?.integer { return ["status \(response.status.code)"] }
        return Essence.differences(wanted: Essence.of(.array(wanted)), got: Essence.of(.array(events)))
    }

    /// What an observer of an object can tell apart, in the order in which it was to be seen.
    private struct Sightings {
        private(set) var states: [String: [String]] = [:]

        mutating func note(_ event: JSONValue) {
            guard let object = event["object"], event["type"]?.string != "BOOKMARK" else { return }
            let name = Essence.of(.string(object.name)).string ?? ""
            let state =
                "\(event["type"]?.string == "DELETED" ? "gone" : "") \(String(decoding: Sightings.state(of: object).canonicalBytes, as: UTF8.self))"
            if states[name]?.last != state { states[name, default: []].append(state) }
        }

        private static func state(of object: JSONValue) -> JSONValue {
            let status = object["status"]
            func conditions(_ fields: [String]) -> JSONValue {
                .array(
                    (status?["conditions"]?.array ?? []).map { condition in
                        .array(fields.map { condition[$0] ?? .null })
                    })
            }
            guard object["kind"]?.string == "Pod" else {
                var shown = Essence.of(status ?? [:])
                shown["conditions"] = conditions(["type", "status", "reason"])
                shown["uncountedTerminatedPods"] = nil
                // Whether a job's pod that lives for a moment is seen ready is a matter of luck.
                if object["kind"]?.string == "Job" { shown["ready"] = nil }
                return shown
            }
            let containers = (status?["containerStatuses"]?.array ?? []).map { container -> JSONValue in
                let state = container["state"]?.object?.members.first
                return [
                    .string(state?.key ?? ""), state?.value["reason"] ?? .null, container["ready"] ?? .null,
                    container["restartCount"] ?? .null,
                ]
            }
            return [status?["phase"] ?? .null, .array(containers), conditions(["type", "status", "reason"])]
        }
    }

    /// Watches of the recording, and the objects that the simulator must show as the real server did.
    private static let watches: [(name: String, path: String, objects: [String])] = [
        (
            "pods and what befalls them", "/api/v1/namespaces/store-rec4c862d/pods",
            ["good", "crash", "unready", "huge", "config", "db-0", "fine", "bad"]
        ),
        (
            "deployments from creation to ready", "/apis/apps/v1/namespaces/store-rec4c862d/deployments",
            ["good", "unready", "huge", "config"]
        ),
        ("jobs that complete and fail", "/apis/batch/v1/namespaces/store-rec4c862d/jobs", ["fine", "bad"]),
        ("stateful sets from creation to ready", "/apis/apps/v1/namespaces/store-rec4c862d/statefulsets", ["db"]),
    ]

    @Test func `recorded watches saw the states that the simulator shows, in their order`() async throws {
        let recorded = try Recording.exchanges("watch")
        try await withCluster { server in
            for preparation in Recording.preparations(of: "pods") { _ = await server.respond(to: preparation) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for watch in ReplayTests.watches {
                    let exchange = try #require(recorded.first { $0["name"]?.string == watch.name })
                    var wanted = Sightings()
                    for event in exchange["response"]?["events"]?.array ?? [] { wanted.note(event) }
                    let states = wanted.states.filter { name, _ in
                        watch.objects.contains { name == $0 || name.hasPrefix($0 + "-GENERATED") }
                    }
                    #expect(states.count == watch.objects.count)
                    let request = Request(
                        method: "GET", path: watch.path,
                        query: [.init(name: "watch", value: "1"), .init(name: "timeoutSeconds", value: "20")],
                        headers: ["Accept": "application/json"])
                    let response = await server.respond(to: request)
                    group.addTask { try await ReplayTests.compare(watch.name, response, states) }
                }
                for exchange in try Recording.exchanges("pods") where exchange["request"]?["method"]?.string == "PATCH" {
                    _ = await server.respond(to: try Recording().request(exchange["request"] ?? .null))
                }
                try await group.waitForAll()
            }
        }
    }

    /// Watches until every object has gone through its states, or can no longer.
    private static func compare(_ name: String, _ response: Response, _ wanted: [String: [String]]) async throws {
        guard case .stream(let write) = response.body else { return #expect(Bool(false), "\(name): no stream") }
        let (pieces, piece) = AsyncStream.makeStream(of: [UInt8].self)
        let watching = Task {
            defer { piece.finish() }
            try await write(ResponseWriter { piece.yield($0) })
        }
        var seen = Sightings()
        var rest: [UInt8] = []
        for await bytes in pieces {
            rest += bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                seen.note(try JSONValue(parsing: rest[..<end]))
                rest.removeSubrange(...end)
            }
            let isDone = wanted.allSatisfy { object, states in (seen.states[object] ?? []).count >= states.count }
            if isDone { break }
        }
        watching.cancel()
        for (object, states) in wanted {
            let shown = Array((seen.states[object] ?? []).prefix(states.count))
            #expect(
                shown == states, "\(name): \(object)\n\(states.joined(separator: "\n"))\nwas:\n\(shown.joined(separator: "\n"))")
        }
    }
}

/// Runs a simulated cluster, without sockets, for as long as the body takes.
func withCluster(_ body: (APIServer) async throws -> Void) async throws {
    var state = ClusterState()
    try state.equipCluster(size: NodeSize(cpu: "8", memory: "64Gi", pods: 110))
    let cluster = Cluster(state)
    let controllers = Controllers(cluster: cluster, podDelay: .milliseconds(300), deadlineSecond: .milliseconds(200))
    let working = Task { await controllers.run() }
    defer { working.cancel() }
    try await body(APIServer(cluster: cluster, callDelay: .zero))
}

/// The recorded conversations. Ids and tokens that the real server gave are answered with those that the simulator gave in their place.
struct Recording {
    private var replacements: [String: String] = [:]

    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../KubernetesTests/Recorded").standardized

    static func exchanges(_ file: String) throws -> [JSONValue] {
        try JSONValue(parsing: try Data(contentsOf: directory.appendingPathComponent("\(file).json"))).array ?? []
    }

    /// What was done between the recorded exchanges without being recorded.
    static func preparations(of file: String) -> [Request] {
        switch file {
        case "lists":
            (0..<7).map { number in
                apply(
                    "/api/v1/namespaces/store-rec12ad6c/configmaps/c\(number)",
                    #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c\#(number)","labels":{"n":"y"}},"data":{"i":"\#(number)"}}"#
                )
            }
        case "pods":
            [
                Request(
                    method: "POST", path: "/api/v1/namespaces", query: [],
                    headers: ["Content-Type": "application/json", "User-Agent": "recorder"],
                    body: Array(
                        #"{"metadata":{"name":"store-rec4c862d","labels":{"store-platform/type":"store"}}}"#.utf8))
            ]
        default: []
        }
    }

    private static func apply(_ path: String, _ body: String) -> Request {
        Request(
            method: "PATCH", path: path, query: [.init(name: "fieldManager", value: "store-platform")],
            headers: ["Content-Type": "application/apply-patch+yaml"], body: Array(body.utf8))
    }

    mutating func learn(recorded: JSONValue, answered: JSONValue) {
        for path in [["metadata", "uid"], ["metadata", "resourceVersion"], ["metadata", "continue"]] {
            if let old = recorded.at(path)?.string, let new = answered.at(path)?.string { replacements[old] = new }
        }
    }

    func request(_ json: JSONValue) throws -> Request {
        let target = json["path"]?.string ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [Request.QueryParameter] = []
        for pair in (parts.count < 2 ? "" : parts[1]).split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map { PercentEncoding.decode($0) ?? "" }
            let value = sides.count > 1 ? sides[1] : ""
            // A recorded token may have been cut for its length.
            let token = sides[0] == "continue" ? replacements.first { !value.isEmpty && $0.key.hasPrefix(value) }?.value : nil
            query.append(Request.QueryParameter(name: sides[0], value: token ?? replacements[value] ?? value))
        }
        var headers = HTTPFields()
        for member in json["headers"]?.object ?? [:] { headers.add(member.key, member.value.string ?? "") }
        headers.add("User-Agent", "recorder")
        let body = json["body"] ?? .null
        var text = body.isNull ? "" : body.string ?? body.text
        for (old, new) in replacements where old.count > 30 { text = text.replacing(old, with: new) }
        return Request(
            method: json["method"]?.string ?? "GET", path: parts[0], query: query, headers: headers, body: Array(text.utf8))
    }
}
