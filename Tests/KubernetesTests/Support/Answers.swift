import Foundation
import JSON
import Testing

@testable import Kubernetes

extension ReplayServer.Action {
    /// A whole answer, after which the connection is kept.
    static func answer(
        _ status: Int = 200, _ body: JSONValue? = nil, type: String = "application/json", headers: [String] = []
    ) -> ReplayServer.Action {
        answer(status, text: body?.text ?? "", type: type, headers: headers)
    }

    static func answer(_ status: Int, text: String, type: String, headers: [String] = []) -> ReplayServer.Action {
        let lines = ["HTTP/1.1 \(status) X", "Content-Type: \(type)", "Content-Length: \(text.utf8.count)"] + headers
        return .send(lines.joined(separator: "\r\n") + "\r\n\r\n" + text)
    }

    static func refusal(_ code: Int, _ reason: String, headers: [String] = [], continueToken: String? = nil) -> ReplayServer.Action
    {
        .answer(code, status(code, reason, continueToken: continueToken), headers: headers)
    }

    static func status(_ code: Int, _ reason: String, continueToken: String? = nil) -> JSONValue {
        let metadata: JSONValue = continueToken.map { ["continue": .string($0)] } ?? [:]
        return [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": .string("said \(reason)"),
            "reason": .string(reason), "code": .integer(code),
        ]
    }

    /// The head of a stream of chunks.
    static var streamHead: ReplayServer.Action {
        .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    static func chunk(_ text: String) -> ReplayServer.Action {
        .send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    static func event(_ type: String, _ object: JSONValue) -> ReplayServer.Action {
        .chunk(line(type, object))
    }

    static func line(_ type: String, _ object: JSONValue) -> String {
        (["type": .string(type), "object": object] as JSONValue).text + "\n"
    }

    /// The stream's good end.
    static var streamEnd: ReplayServer.Action { .send("0\r\n\r\n") }
}

/// A small object.
func configMap(_ name: String, version: Int) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": [
            "name": .string(name), "namespace": "a", "uid": .string("uid-\(name)"), "resourceVersion": .string("\(version)"),
        ],
    ]
}

func configMapList(_ items: [JSONValue], version: Int, continueToken: String? = nil) -> JSONValue {
    var metadata: JSONValue = ["resourceVersion": .string("\(version)")]
    if let continueToken { metadata["continue"] = .string(continueToken) }
    return ["apiVersion": "v1", "kind": "ConfigMapList", "metadata": metadata, "items": .array(items)]
}

let configMapA = ObjectReference(resource: .configMap, namespace: "a", name: "a")

/// Limits whose pauses a test does not notice.
func quick(_ change: (inout KubernetesClient.Limits) -> Void = { _ in }) -> KubernetesClient.Limits {
    var limits = KubernetesClient.Limits(firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(4))
    change(&limits)
    return limits
}

/// A scripted server and a client of it, for the time of a test.
@discardableResult
func withServer<R>(
    limits: KubernetesClient.Limits = quick(), token: String? = nil, _ script: @escaping ReplayServer.Script,
    _ body: (KubernetesClient, ReplayServer) async throws -> R
) async throws -> R {
    let server = try ReplayServer(script)
    defer { server.stop() }
    let client = KubernetesClient(configuration: ClusterConfiguration(server: server.url, token: token), limits: limits)
    return try await body(client, server)
}

/// The error that a call ends with.
func failure<R>(of call: () async throws(KubernetesError) -> R) async -> KubernetesError? {
    do {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

extension WatchIterator {
    /// So many events, or fewer if it ends.
    mutating func take(_ count: Int) async throws(KubernetesError) -> [WatchEvent] {
        var events: [WatchEvent] = []
        while events.count < count, let event = try await next() { events.append(event) }
        return events
    }

    /// These events come next.
    mutating func expect(_ expected: [WatchEvent], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let events = try await take(expected.count)
        #expect(events == expected, sourceLocation: sourceLocation)
    }
}

extension Optional<ReplayServer.Happening> {
    var isRequest: Bool { if case .request = self { true } else { false } }
    var isClientClosed: Bool { if case .clientClosed = self { true } else { false } }
}
