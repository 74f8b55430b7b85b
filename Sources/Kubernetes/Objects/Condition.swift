import JSON

/// An entry of a status's `conditions`.
package struct Condition: Sendable, Hashable {
    package let type: String
    /// `True`, `False` or `Unknown`.
    package let status: String
    package let reason: String
    package let message: String

    package var isTrue: Bool { status == "True" }

    init(_ json: JSONValue) {
        type = json["type"]?.string ?? ""
        status = json["status"]?.string ?? ""
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
    }

    static func all(of object: JSONValue) -> [Condition] {
        object[path: "status", "conditions"]?.array?.map(Condition.init) ?? []
    }
}

extension Collection<Condition> {
    /// The condition of that type.
    package subscript(type: String) -> Condition? { first { $0.type == type } }
}
