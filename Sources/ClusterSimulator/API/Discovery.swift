import HTTP
import JSON

/// What clients ask before anything else: which groups, versions and kinds are served. Written once from the table of kinds.
enum Discovery {
    private static let plain: [String: Response] = {
        var documents: [String: Response] = [
            "/version": .json([
                "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
                "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "simulator", "gitTreeState": "clean",
                "buildDate": "2026-07-01T00:00:00Z", "goVersion": "simulator", "compiler": "gc", "platform": "linux/amd64",
            ]),
            "/api": .json([
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
            ]),
            "/livez": .text("ok"), "/readyz": .text("ok"), "/healthz": .text("ok"),
        ]
        documents["/apis"] = .json(["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map(group))])
        for (name, versions) in [("", ["v1"])] + groups {
            for version in versions {
                let path = name.isEmpty ? "/api/v1" : "/apis/\(name)/\(version)"
                // The core group says nothing of its own version.
                var list: JSONValue = name.isEmpty ? ["kind": "APIResourceList"] : ["kind": "APIResourceList", "apiVersion": "v1"]
                list["groupVersion"] = .string(name.isEmpty ? "v1" : "\(name)/\(version)")
                list["resources"] = .array(
                    APIResource.all(group: name, version: version).map(\.json).sorted {
                        $0["name"]?.string ?? "" < $1["name"]?.string ?? ""
                    })
                documents[path] = .json(list)
            }
            if !name.isEmpty {
                var document: JSONValue = ["kind": "APIGroup", "apiVersion": "v1"]
                for member in group((name, versions)).object ?? [:] { document[member.key] = member.value }
                documents["/apis/\(name)"] = .json(document)
            }
        }
        return documents
    }()

    /// Every group at once, for clients that ask so (KEP-3352).
    private static let aggregated: [String: JSONValue] = [
        "/api": document(of: [("", ["v1"])]), "/apis": document(of: groups),
    ]

    /// In the order of a real server. Of those without kinds only the names are served.
    private static let groups: [(String, [String])] = [
        ("apiregistration.k8s.io", ["v1"]), ("apps", ["v1"]), ("events.k8s.io", ["v1"]), ("authentication.k8s.io", ["v1"]),
        ("authorization.k8s.io", ["v1"]), ("autoscaling", ["v2", "v1"]), ("batch", ["v1"]), ("certificates.k8s.io", ["v1"]),
        ("networking.k8s.io", ["v1"]), ("policy", ["v1"]), ("rbac.authorization.k8s.io", ["v1"]), ("storage.k8s.io", ["v1"]),
        ("admissionregistration.k8s.io", ["v1"]), ("apiextensions.k8s.io", ["v1"]), ("scheduling.k8s.io", ["v1"]),
        ("coordination.k8s.io", ["v1"]), ("node.k8s.io", ["v1"]), ("discovery.k8s.io", ["v1"]), ("resource.k8s.io", ["v1"]),
        ("flowcontrol.apiserver.k8s.io", ["v1"]),
    ]

    static func answer(_ request: Request) -> Response? {
        let path = request.path.count > 1 && request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        let accept = request.headers["Accept"] ?? ""
        if accept.contains("as=APIGroupDiscoveryList"), var document = aggregated[path] {
            let version = accept.contains("v=v2;") || accept.hasSuffix("v=v2") || !accept.contains("v2beta1") ? "v2" : "v2beta1"
            document["apiVersion"] = .string("apidiscovery.k8s.io/\(version)")
            return .json(document).with(
                "Content-Type", "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList")
        }
        return plain[path]
    }

    private static func group(_ group: (name: String, versions: [String])) -> JSONValue {
        let versions = group.versions.map { version -> JSONValue in
            ["groupVersion": .string("\(group.name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(group.name), "versions": .array(versions), "preferredVersion": versions[0]]
    }

    private static func document(of groups: [(String, [String])]) -> JSONValue {
        let items = groups.map { name, versions -> JSONValue in
            [
                "metadata": ["name": .string(name), "creationTimestamp": .null],
                "versions": .array(
                    versions.map { version in
                        let all = APIResource.all(group: name, version: version)
                        let own = all.filter { !$0.name.contains("/") }
                        return [
                            "version": .string(version), "freshness": "Current",
                            "resources": .array(own.map { $0.discovery(group: name, version, parts: all) }),
                        ]
                    }),
            ]
        }
        return ["kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:], "items": .array(items)]
    }
}

/// A resource or a part of one, as discovery lists it.
private struct APIResource {
    let name: String
    let kind: String
    let isNamespaced: Bool
    let verbs: [String]
    var singular = ""
    var shortNames: [String] = []
    var categories: [String] = []
    /// Of the kind, where it is another's.
    var group: String?
    var version: String?

    private static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    static func all(group: String, version: String) -> [APIResource] {
        Kind.all.filter { $0.group == group && $0.version == version }.flatMap(of) + unserved(group)
    }

    private static func of(_ kind: Kind) -> [APIResource] {
        var all = [
            APIResource(
                name: kind.plural, kind: kind.name, isNamespaced: kind.isNamespaced,
                verbs: kind.name == "Namespace" ? allVerbs.filter { $0 != "deletecollection" } : allVerbs,
                singular: kind.name.lowercased(), shortNames: kind.shortNames, categories: kind.isInAll ? ["all"] : [])
        ]
        func part(_ name: String, _ kindName: String, _ verbs: [String], _ group: String? = nil, _ version: String? = nil) {
            all.append(
                APIResource(
                    name: "\(kind.plural)/\(name)", kind: kindName, isNamespaced: kind.isNamespaced, verbs: verbs, group: group,
                    version: version))
        }
        if kind.hasScale { part("scale", "Scale", ["get", "patch", "update"], "autoscaling", "v1") }
        if kind.hasStatus { part("status", kind.name, ["get", "patch", "update"]) }
        switch kind.name {
        case "Namespace": part("finalize", "Namespace", ["update"])
        case "Node": part("proxy", "NodeProxyOptions", ["create", "delete", "get", "patch", "update"])
        case "Service": part("proxy", "ServiceProxyOptions", ["create", "delete", "get", "patch", "update"])
        case "ServiceAccount": part("token", "TokenRequest", ["create"], "authentication.k8s.io", "v1")
        case "Pod":
            part("attach", "PodAttachOptions", ["create", "get"])
            part("binding", "Binding", ["create"])
            part("ephemeralcontainers", "Pod", ["get", "patch", "update"])
            part("eviction", "Eviction", ["create"], "policy", "v1")
            part("exec", "PodExecOptions", ["create", "get"])
            part("log", "Pod", ["get"])
            part("portforward", "PodPortForwardOptions", ["create", "get"])
            part("proxy", "PodProxyOptions", ["create", "delete", "get", "patch", "update"])
            part("resize", "Pod", ["get", "patch", "update"])
        default: break
        }
        return all
    }

    /// What a real server lists beside and the simulator does not keep.
    private static func unserved(_ group: String) -> [APIResource] {
        guard group.isEmpty else { return [] }
        return [
            APIResource(name: "bindings", kind: "Binding", isNamespaced: true, verbs: ["create"], singular: "binding"),
            APIResource(
                name: "componentstatuses", kind: "ComponentStatus", isNamespaced: false, verbs: ["get", "list"],
                singular: "componentstatus", shortNames: ["cs"]),
        ]
    }

    var json: JSONValue {
        var json: JSONValue = ["name": .string(name), "singularName": .string(singular), "namespaced": .bool(isNamespaced)]
        if let group { json["group"] = .string(group) }
        if let version { json["version"] = .string(version) }
        json["kind"] = .string(kind)
        json["verbs"] = strings(verbs)
        if !shortNames.isEmpty { json["shortNames"] = strings(shortNames) }
        if !categories.isEmpty { json["categories"] = strings(categories) }
        return json
    }

    func discovery(group: String, _ version: String, parts: [APIResource]) -> JSONValue {
        var json: JSONValue = [
            "resource": .string(name), "responseKind": responseKind(group, version),
            "scope": isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(singular), "verbs": strings(verbs),
        ]
        if !shortNames.isEmpty { json["shortNames"] = strings(shortNames) }
        if !categories.isEmpty { json["categories"] = strings(categories) }
        let own = parts.filter { $0.name.hasPrefix(name + "/") }.map { part -> JSONValue in
            [
                "subresource": .string(String(part.name.dropFirst(name.count + 1))),
                "responseKind": part.responseKind(group, version), "verbs": strings(part.verbs),
            ]
        }
        if !own.isEmpty { json["subresources"] = .array(own) }
        return json
    }

    private func responseKind(_ group: String, _ version: String) -> JSONValue {
        ["group": .string(self.group ?? group), "version": .string(self.version ?? version), "kind": .string(kind)]
    }

    private func strings(_ all: [String]) -> JSONValue { .array(all.map { .string($0) }) }
}
