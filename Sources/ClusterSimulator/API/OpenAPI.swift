import HTTP
import JSON

/// As much of the API's description as clients need to begin: which paths there are, and that PATCH knows `fieldValidation`. The schemas
/// themselves are open: what an object may have, the server says when it gets one.
enum OpenAPI {
    static func answer(_ request: Request) -> Response? {
        switch request.path {
        case "/openapi/v2":
            guard request.headers["Accept"]?.contains("protobuf") ?? false else { return .json(second) }
            return Response(
                .ok, headers: ["Content-Type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"],
                body: .bytes(secondInProtobuf))
        case "/openapi/v3": return .json(index)
        default:
            guard request.path.hasPrefix("/openapi/v3/") else { return nil }
            return third[String(request.path.dropFirst("/openapi/v3/".count))].map { .json($0) }
        }
    }

    private static let second: JSONValue = [
        "swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1.36.2"], "paths": [:], "definitions": [:],
    ]

    /// The same in protobuf (gnostic's `openapi.v2.Document`), with what old clients look for: that PATCH of each kind knows `dryRun`.
    private static let secondInProtobuf: [UInt8] = {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            var length: [UInt8] = []
            var rest = bytes.count
            repeat {
                length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
                rest >>= 7
            } while rest > 0
            return [number << 3 | 2] + length + bytes
        }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        let dryRun = field(1, field(2, field(3, text(2, "query") + text(4, "dryRun"))))
        let paths = Kind.all.flatMap { kind -> [UInt8] in
            let name = text(1, "x-kubernetes-group-version-kind")
            let yaml = text(2, "group: \"\(kind.group)\"\nkind: \(kind.name)\nversion: \(kind.version)\n")
            let patch = field(8, dryRun) + field(13, name + field(2, yaml))
            return field(2, text(1, "/\(kind.id)/{name}") + field(2, field(8, patch)))
        }
        let info = text(1, "Kubernetes") + text(2, "v1.36.2")
        return text(1, "2.0") + field(2, info) + field(8, paths)
    }()

    private static let groupVersions: [String] = {
        var all: [String] = []
        for kind in Kind.all {
            let path = kind.group.isEmpty ? "api/\(kind.version)" : "apis/\(kind.group)/\(kind.version)"
            if !all.contains(path) { all.append(path) }
        }
        return all
    }()

    private static let index: JSONValue = [
        "paths": .object(
            JSONObject(groupVersions.map { ($0, ["serverRelativeURL": .string("/openapi/v3/\($0)?hash=1")]) }))
    ]

    private static let third: [String: JSONValue] = Dictionary(
        uniqueKeysWithValues: groupVersions.map { path in
            let kinds = Kind.all.filter { ($0.group.isEmpty ? "api/\($0.version)" : "apis/\($0.group)/\($0.version)") == path }
            let document: JSONValue = [
                "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.2"],
                "paths": .object(JSONObject(kinds.flatMap(paths))),
                "components": ["schemas": .object(JSONObject(kinds.map { (schemaName($0), schema(of: $0)) }))],
            ]
            return (path, document)
        })

    private static func schemaName(_ kind: Kind) -> String {
        "io.k8s.api.\(kind.group.isEmpty ? "core" : kind.group.split(separator: ".")[0].description).\(kind.version).\(kind.name)"
    }

    private static func gvk(_ kind: Kind) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.name)]
    }

    private static func schema(of kind: Kind) -> JSONValue {
        let object: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        return [
            "type": "object", "description": .string("\(kind.name), as Kubernetes has it."),
            "x-kubernetes-group-version-kind": [gvk(kind)], "x-kubernetes-preserve-unknown-fields": true,
            "properties": [
                "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": object, "spec": object, "status": object,
            ],
        ]
    }

    private static func paths(_ kind: Kind) -> [JSONObject.Member] {
        let group = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        let all = kind.isNamespaced ? "\(group)/namespaces/{namespace}/\(kind.plural)" : "\(group)/\(kind.plural)"
        func operation(_ action: String, _ parameters: [String]) -> JSONValue {
            [
                "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": gvk(kind),
                "parameters": .array(
                    parameters.map { ["name": .string($0), "in": "query", "schema": ["type": "string", "uniqueItems": true]] }),
                "responses": ["200": ["description": "OK"]],
            ]
        }
        let writing = ["dryRun", "fieldManager", "fieldValidation"]
        let selecting = [
            "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "timeoutSeconds",
            "watch",
        ]
        return [
            (
                all,
                [
                    "get": operation("list", selecting), "post": operation("post", writing),
                    "delete": operation("deletecollection", selecting),
                ]
            ),
            (
                "\(all)/{name}",
                [
                    "get": operation("get", []), "put": operation("put", writing), "patch": operation("patch", writing + ["force"]),
                    "delete": operation("delete", ["dryRun", "gracePeriodSeconds", "propagationPolicy"]),
                ]
            ),
        ]
    }
}
