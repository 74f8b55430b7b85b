import HTTP
import JSON

/// A refusal as the API server words it: its `Status` object.
struct APIFailure: Error {
    let code: Int
    let reason: String
    let message: String
    var details: JSONValue?

    /// HTTP answers of a fixed wording.
    static func notFound(_ kind: Kind, _ name: String) -> APIFailure {
        APIFailure(code: 404, reason: "NotFound", message: "\(kind.qualified) \"\(name)\" not found", details: details(kind, name))
    }

    static let unknownResource = APIFailure(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static func alreadyExists(_ kind: Kind, _ object: JSONValue) -> APIFailure {
        let prefix = object.isBeingDeleted ? "object is being deleted: " : ""
        return APIFailure(
            code: 409, reason: "AlreadyExists", message: "\(prefix)\(kind.qualified) \"\(object.name)\" already exists",
            details: details(kind, object.name))
    }

    static func conflict(_ kind: Kind, _ name: String, _ what: String) -> APIFailure {
        APIFailure(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(kind.qualified) \"\(name)\": \(what)",
            details: details(kind, name))
    }

    static func forbidden(_ kind: Kind, _ name: String, _ why: String, causes: JSONValue? = nil) -> APIFailure {
        var details = details(kind, name)
        if let causes { details["causes"] = causes }
        return APIFailure(
            code: 403, reason: "Forbidden", message: "\(kind.qualified) \"\(name)\" is forbidden: \(why)", details: details)
    }

    static func badRequest(_ message: String) -> APIFailure {
        APIFailure(code: 400, reason: "BadRequest", message: message)
    }

    /// What is wrong with a field: reason, message and path, as `details.causes` has them.
    typealias Cause = (reason: String, message: String, field: String)

    static func invalid(_ kind: Kind, _ name: String, _ causes: Cause...) -> APIFailure { invalid(kind, name, causes) }

    static func invalid(_ kind: Kind, _ name: String, _ causes: [Cause]) -> APIFailure {
        var details: JSONValue = ["name": .string(name), "kind": .string(kind.name)]
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        details["causes"] = .array(
            causes.map { ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)] })
        let sentences = causes.map { "\($0.field): \($0.message)" }
        let all = sentences.count == 1 ? sentences[0] : "[\(sentences.joined(separator: ", "))]"
        return APIFailure(
            code: 422, reason: "Invalid",
            message: "\(kind.name)\(kind.group.isEmpty ? "" : ".\(kind.group)") \"\(name)\" is invalid: \(all)", details: details)
    }

    static let expired = APIFailure(
        code: 410, reason: "Expired", message: "The provided continue parameter is too old to display a consistent list result.")

    private static func details(_ kind: Kind, _ name: String) -> JSONValue {
        var details: JSONValue = ["name": .string(name)]
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        details["kind"] = .string(kind.plural)
        return details
    }

    var document: JSONValue {
        var document: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
        ]
        if !reason.isEmpty { document["reason"] = .string(reason) }
        if let details { document["details"] = details }
        document["code"] = .integer(code)
        return document
    }

    var response: Response { .json(document, status: Response.Status(code)) }
}

extension Kind {
    /// As messages name it: `deployments.apps`.
    var qualified: String { id }
}
