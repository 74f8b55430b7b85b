import Foundation
import HTTP
import JSON

/// A request with its target, and what its parameters ask for.
struct APICall {
    let request: Request
    let target: Target
    let labelSelector: LabelSelector?
    private let fieldSelector: FieldSelector?
    let isMetadataOnly: Bool
    /// Nil where the caller wants objects.
    let table: Table?

    init(_ request: Request, _ target: Target) throws(APIFailure) {
        self.request = request
        self.target = target
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        labelSelector = if let text = value("labelSelector"), !text.isEmpty { try LabelSelector(text) } else { nil }
        fieldSelector = value("fieldSelector").map(FieldSelector.init)
        isMetadataOnly = request.headers["Accept"]?.contains("as=PartialObjectMetadata") ?? false
        table = Table(request, target.kind)
    }

    func query(_ name: String) -> String? { request.query.first { $0.name == name }?.value }

    var isWatch: Bool { ["1", "true"].contains(query("watch") ?? "") }
    var isDryRun: Bool { query("dryRun") == "All" }

    /// Whether everything is meant, so that what is left of a list can be counted.
    var isUnselected: Bool { labelSelector == nil && fieldSelector == nil }

    func matches(_ object: JSONValue) -> Bool {
        (labelSelector?.matches(object) ?? true) && (fieldSelector?.matches(object) ?? true)
    }

    /// The object as this caller asked for it: named, and whole or its metadata alone.
    func shown(_ object: JSONValue) -> JSONValue {
        if isMetadataOnly {
            return ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:]]
        }
        return object.named(target.kind)
    }

    func body() throws(APIFailure) -> JSONValue {
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            let text = String(decoding: request.body.prefix(1024), as: UTF8.self)
            // In the words of Go's parser.
            let reason = error.reason.contains("end of") ? "unexpected end of JSON input" : error.reason
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(target.kind.name)): couldn't get version/kind; json parse error: \(reason) (\(text))"
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

    /// Who writes, where nothing is applied.
    var manager: String {
        query("fieldManager") ?? request.headers["User-Agent"]?.prefix { $0 != "/" }.description ?? "unknown"
    }

    /// A changed object with only the part changed that the call may change: the status, or everything else. The writer becomes the
    /// manager of what it changed.
    func merged(_ changed: JSONValue, old: JSONValue) -> JSONValue {
        var object = target.subresource == "status" ? old : changed
        object["status"] = (target.subresource == "status" ? changed : old)["status"]
        object["kind"] = nil
        object["apiVersion"] = nil
        object.set(["metadata", "managedFields"], old[path: "metadata", "managedFields"])
        Defaults.fill(&object, target.kind)
        guard object != old else { return old }
        ManagedFields.note(&object, changedFrom: old, by: manager, target.kind)
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
        let failure = "continue key is not valid"
        var padded = token.replacing("-", with: "+").replacing("_", with: "/")
        while padded.count % 4 != 0 { padded += "=" }
        guard let bytes = Data(base64Encoded: padded) else {
            throw .badRequest("invalid continue token: \(failure): illegal base64 data")
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes, allowingNUL: true)
        } catch {
            throw .badRequest("invalid continue token: \(failure): \(ListPosition.firstCharacterFault(bytes))")
        }
        guard let version = document["rv"]?.integer, let start = document["start"]?.string?.dropLast() else {
            throw .badRequest("invalid continue token: \(failure)")
        }
        let parts = start.split(separator: "/", maxSplits: 1).map(String.init)
        self.version = version
        namespace = parts.count > 1 ? parts[0] : ""
        name = parts.last ?? ""
    }

    /// In the words of Go's parser.
    private static func firstCharacterFault(_ bytes: Data) -> String {
        guard let first = bytes.first else { return "unexpected end of JSON input" }
        let digits = String(first, radix: 16)
        let character =
            (0x20..<0x7F).contains(first) ? String(Unicode.Scalar(first)) : "\\u00" + (digits.count == 1 ? "0" : "") + digits
        return "invalid character '\(character)' looking for beginning of value"
    }

    /// As the real server makes it; clients take it for opaque.
    var token: String {
        let start = (namespace.isEmpty ? "" : namespace + "/") + (name ?? "") + "\u{0}"
        let document: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(version ?? 0), "start": .string(start)]
        return Data(document.bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    func isBefore(_ otherNamespace: String, _ otherName: String) -> Bool {
        guard let name else { return true }
        return (otherNamespace, otherName) > (namespace, name)
    }

    /// Whether there may be something to list in a namespace.
    func isBefore(orIn otherNamespace: String) -> Bool { name == nil || otherNamespace >= namespace }
}
