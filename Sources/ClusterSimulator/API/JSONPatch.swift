import JSON

/// JSON Patch (RFC 6902): add, remove, replace and test.
enum JSONPatch {
    static func apply(_ patch: JSONValue, to document: JSONValue) throws(APIFailure) -> JSONValue {
        var document = document
        for operation in patch.array ?? [] {
            let path = (operation["path"]?.string ?? "").split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
                String($0).replacing("~1", with: "/").replacing("~0", with: "~")
            }
            try apply(operation["op"]?.string ?? "", Array(path), operation["value"], to: &document)
        }
        return document
    }

    private static func apply(_ operation: String, _ path: [String], _ value: JSONValue?, to document: inout JSONValue)
        throws(APIFailure)
    {
        let failure = APIFailure(
            code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request", details: [:])
        guard let first = path.first else {
            if operation == "test" {
                if document != value { throw failure }
            } else if let value {
                document = value
            }
            return
        }
        let rest = Array(path.dropFirst())
        if var items = document.array {
            let index = first == "-" ? items.count : Int(first) ?? -1
            guard index >= 0, index <= items.count else { throw failure }
            if rest.isEmpty, operation == "add", let value {
                items.insert(value, at: index)
            } else if index < items.count {
                if rest.isEmpty, operation == "remove" {
                    items.remove(at: index)
                } else {
                    try apply(operation, rest, value, to: &items[index])
                }
            } else {
                throw failure
            }
            document = .array(items)
        } else if rest.isEmpty, operation != "test" {
            guard operation == "add" || document[first] != nil else { throw failure }
            document[first] = operation == "remove" ? nil : value
        } else {
            guard var child = document[first] else { throw failure }
            try apply(operation, rest, value, to: &child)
            document[first] = child
        }
    }
}

/// The `scale` subresource: the replicas of a workload, alone.
enum Scale {
    static func of(_ object: JSONValue, _ kind: Kind) -> JSONValue {
        [
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": [
                "name": .string(object.name), "namespace": .string(object.namespace), "uid": .string(object.uid),
                "resourceVersion": .string(String(object.resourceVersion)),
                "creationTimestamp": object[path: "metadata", "creationTimestamp"] ?? "",
            ],
            // A count of zero is left out of the specification.
            "spec": object[path: "spec", "replicas"]?.integer == 0 ? [:] : ["replicas": object[path: "spec", "replicas"] ?? 0],
            "status": ["replicas": object[path: "status", "replicas"] ?? 0, "selector": .string(selector(of: object))],
        ]
    }

    private static func selector(of object: JSONValue) -> String {
        let labels = object[path: "spec", "selector", "matchLabels"]?.object ?? [:]
        return labels.members.map { "\($0.key)=\($0.value.string ?? "")" }.sorted().joined(separator: ",")
    }

    static func applied(_ patch: JSONValue, to object: JSONValue) -> JSONValue {
        var object = object
        if let replicas = patch[path: "spec", "replicas"] { object.set(["spec", "replicas"], replicas) }
        return object
    }
}
