import HTTP
import JSON

/// A request with its target, and what its parameters ask for.
struct APICall {
    let request: Request
    let target: Target
    let labelSelector: LabelSelector?
    private let fieldSelector: FieldSelector?

    init(_ request: Request, _ target: Target) throws(APIFailure) {
        self.request = request
        self.target = target
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        labelSelector = if let text = value("labelSelector"), !text.isEmpty { try LabelSelector(text) } else { nil }
        fieldSelector = value("fieldSelector").map(FieldSelector.init)
    }

    func query(_ name: String) -> String? { request.query.first { $0.name == name }?.value }

    var isWatch: Bool { ["1", "true"].contains(query("watch") ?? "") }
    var isDryRun: Bool { query("dryRun") == "All" }
    var isStrict: Bool { query("fieldValidation") == "Strict" }
    var isMetadataOnly: Bool { request.headers["Accept"]?.contains("as=PartialObjectMetadata") ?? false }

    func matches(_ object: JSONValue) -> Bool {
        (labelSelector?.matches(object) ?? true) && (fieldSelector?.matches(object) ?? true)
    }

    /// The object as this caller asked for it: named, and whole or its metadata alone.
    func shown(_ object: JSONValue) -> JSONValue {
        if isMetadataOnly {
            return ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:]]
        }
        var members: [JSONObject.Member] = [("kind", .string(target.kind.name)), ("apiVersion", .string(target.kind.apiVersion))]
        members += (object.object?.members ?? []).filter { $0.key != "kind" && $0.key != "apiVersion" }
        return .object(JSONObject(members))
    }

    func body() throws(APIFailure) -> JSONValue {
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            let text = String(decoding: request.body.prefix(1024), as: UTF8.self)
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(target.kind.name)): couldn't get version/kind; json parse error: \(error.reason) (\(text))"
            )
        }
    }

    /// The body as an object of the target's kind, in the form in which objects are kept.
    func document() throws(APIFailure) -> JSONValue {
        let type = (request.headers["Content-Type"] ?? "application/json").split(separator: ";").first.map(String.init)
        guard type == "application/json" || type == "application/apply-patch+yaml" else { throw .unsupportedMediaType }
        var document = try body()
        if let kind = document["kind"]?.string, kind != target.kind.name {
            throw .badRequest(
                "\(kind) in version \"\(document["apiVersion"]?.string ?? "")\" cannot be handled as a \(target.kind.name)")
        }
        document["kind"] = nil
        document["apiVersion"] = nil
        return Defaults.canonical(document, target.kind)
    }

    /// Who wrote the fields of a document that was not applied.
    func managedFieldsEntry(of document: JSONValue) -> JSONValue {
        var fields = FieldSet(of: document)
        for path in [["f:metadata", "f:name"], ["f:metadata", "f:namespace"], ["f:metadata", "f:managedFields"], ["f:status"]] {
            fields.remove(path)
        }
        let manager = query("fieldManager") ?? request.headers["User-Agent"]?.prefix { $0 != "/" }.description ?? "unknown"
        return [
            "manager": .string(manager), "operation": "Update", "apiVersion": .string(target.kind.apiVersion),
            "time": .string(Clock.now),
            "fieldsType": "FieldsV1", "fieldsV1": fields.fieldsV1,
        ]
    }

    /// A changed object with only the part changed that the call may change: the status, or everything else. The writer becomes the
    /// manager of what it changed.
    func merged(_ changed: JSONValue, old: JSONValue) -> JSONValue {
        if target.subresource == "status" {
            var object = old
            object["status"] = changed["status"]
            return object
        }
        var object = changed
        object["kind"] = nil
        object["apiVersion"] = nil
        object["status"] = old["status"]
        guard object != old else { return old }
        var entries = (old[path: "metadata", "managedFields"]?.array ?? []).filter { entry in
            entry["operation"]?.string != "Update" || entry["manager"] != managedFieldsEntry(of: [:])["manager"]
        }
        let changes = FieldSet(of: object).leaves.filter { JSONMerge.value(at: $0, in: object) != JSONMerge.value(at: $0, in: old) }
        for index in entries.indices {
            var owned = FieldSet(fieldsV1: entries[index]["fieldsV1"])
            for change in changes { owned.remove(change) }
            entries[index]["fieldsV1"] = owned.fieldsV1
        }
        var mine = FieldSet(of: object)
        for leaf in mine.leaves where !changes.contains(leaf) { mine.remove(leaf) }
        var entry = managedFieldsEntry(of: [:])
        entry["fieldsV1"] = mine.fieldsV1
        entries.append(entry)
        object.set(["metadata", "managedFields"], .array(entries))
        return object
    }
}

/// Where a list goes on: behind an object, in the order of keys.
struct ListPosition {
    var version: Int?
    private var namespace = ""
    private var name: String?

    init(after object: JSONValue, version: Int) {
        self.version = version
        namespace = object.namespace
        name = object.name
    }

    init(continueToken token: String?) throws(APIFailure) {
        guard let token, !token.isEmpty else { return }
        let failure = APIFailure.badRequest("invalid continue token: continue key is not valid")
        let document: JSONValue
        do {
            document = try JSONValue(parsing: PercentEncoding.decode(token) ?? "")
        } catch {
            throw failure
        }
        guard let version = document["rv"]?.integer, let start = document["start"]?.string else { throw failure }
        let parts = start.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw failure }
        self.version = version
        namespace = parts[0]
        name = parts[1]
    }

    var token: String {
        let document: JSONValue = [
            "v": "meta.k8s.io/v1", "rv": .integer(version ?? 0), "start": .string("\(namespace)/\(name ?? "")"),
        ]
        return PercentEncoding.encode(document.text)
    }

    func isBefore(_ object: JSONValue) -> Bool {
        guard let name else { return true }
        return (object.namespace, object.name) > (namespace, name)
    }
}
