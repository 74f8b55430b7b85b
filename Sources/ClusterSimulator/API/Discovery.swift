import HTTP
import JSON

/// What clients ask before anything else: which groups, versions and kinds are served. Written once from the table of kinds.
enum Discovery {
    private static let documents: [String: Response] = {
        var documents: [String: Response] = [
            "/version": .json([
                "major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "", "gitTreeState": "clean",
                "buildDate": "2026-11-01T00:00:00Z",
                "goVersion": "simulator", "compiler": "gc", "platform": "linux/amd64",
            ]),
            "/api": .json(["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []]),
            "/livez": .text("ok"), "/readyz": .text("ok"), "/healthz": .text("ok"),
        ]
        let groups = Array(Set(Kind.all.map(\.group))).sorted()
        documents["/apis"] = .json([
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(groups.filter { !$0.isEmpty }.map(group)),
        ])
        for name in groups {
            let path = name.isEmpty ? "/api/v1" : "/apis/\(name)/v1"
            documents[path] = .json([
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(name.isEmpty ? "v1" : "\(name)/v1"),
                "resources": .array(Kind.all.filter { $0.group == name }.flatMap(resources)),
            ])
            if !name.isEmpty { documents["/apis/\(name)"] = .json(group(name)) }
        }
        return documents
    }()

    static func answer(_ path: String) -> Response? {
        documents[path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path]
    }

    private static func group(_ name: String) -> JSONValue {
        let version: JSONValue = ["groupVersion": .string("\(name)/v1"), "version": "v1"]
        return ["kind": "APIGroup", "apiVersion": "v1", "name": .string(name), "versions": [version], "preferredVersion": version]
    }

    private static func resources(_ kind: Kind) -> [JSONValue] {
        var resource: JSONValue = [
            "name": .string(kind.plural), "singularName": .string(kind.name.lowercased()), "namespaced": .bool(kind.isNamespaced),
            "kind": .string(kind.name),
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        ]
        if !kind.shortNames.isEmpty { resource["shortNames"] = .array(kind.shortNames.map { .string($0) }) }
        if kind.isInAll { resource["categories"] = ["all"] }
        var all = [resource]
        if kind.hasScale {
            all.append([
                "name": .string("\(kind.plural)/scale"), "singularName": "", "namespaced": true, "group": "autoscaling",
                "version": "v1",
                "kind": "Scale", "verbs": ["get", "patch", "update"],
            ])
        }
        return all
    }
}
