import HTTP
import JSON
import Testing

@testable import ClusterSimulator

struct SchemaTests {
    private static func deployment(_ container: JSONValue) -> JSONValue {
        [
            "metadata": ["name": "web"],
            "spec": [
                "selector": ["matchLabels": ["a": "b"]],
                "template": ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [container]]],
            ],
        ]
    }

    private static func send(
        _ method: String, _ path: String, _ validation: String?, _ body: JSONValue, type: String = "application/json"
    ) async throws -> Response {
        var state = ClusterState()
        try state.equipCluster()
        var query = [Request.QueryParameter(name: "fieldManager", value: "test")]
        if let validation { query.append(.init(name: "fieldValidation", value: validation)) }
        return await APIServer(cluster: Cluster(state), callDelay: .zero).respond(
            to: Request(method: method, path: path, query: query, headers: ["Content-Type": type], body: body.bytes))
    }

    private static let path = "/apis/apps/v1/namespaces/default/deployments"
    private static let mistyped = deployment(["name": "c", "image": "i", "imagePullPolice": "Always"])

    @Test func `strict validation names a mistyped field by its path`() async throws {
        let response = try await SchemaTests.send("POST", SchemaTests.path, "Strict", SchemaTests.mistyped)
        guard case .bytes(let bytes) = response.body else { return #expect(Bool(false)) }
        #expect(response.status.code == 400)
        let message = try JSONValue(parsing: bytes)["message"]?.string
        #expect(
            message?.hasSuffix("strict decoding error: unknown field \"spec.template.spec.containers[0].imagePullPolice\"") == true)
    }

    @Test func `without being asked to be strict the server warns`() async throws {
        let response = try await SchemaTests.send("POST", SchemaTests.path, nil, SchemaTests.mistyped)
        #expect(response.status.code == 201)
        #expect(response.headers["Warning"]?.contains("imagePullPolice") == true)
        let silent = try await SchemaTests.send("POST", SchemaTests.path, "Ignore", SchemaTests.mistyped)
        #expect(silent.headers["Warning"] == nil)
    }

    @Test func `apply refuses it in its own words`() async throws {
        let response = try await SchemaTests.send(
            "PATCH", SchemaTests.path + "/web", nil, SchemaTests.mistyped, type: "application/apply-patch+yaml")
        guard case .bytes(let bytes) = response.body else { return #expect(Bool(false)) }
        #expect(response.status.code == 500)
        let message = try JSONValue(parsing: bytes)["message"]?.string
        #expect(
            message?.contains(".spec.template.spec.containers[name=\"c\"].imagePullPolice: field not declared in schema") == true)
    }
}
