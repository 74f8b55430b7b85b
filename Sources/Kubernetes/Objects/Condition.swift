package import JSON

/// One of an object's `status.conditions`: what a controller found out about it.
package struct Condition: Sendable, Hashable {
    /// `Available`, `Complete`, `PodScheduled` … A newer server may use names that we do not know.
    package let type: String
    /// `True`, `False` or `Unknown`.
    package let status: String
    /// One word in CamelCase for programs: `FailedCreate`, `Unschedulable`.
    package let reason: String?
    /// A sentence for people; text from outside, of any length.
    package let message: String?
    /// RFC 3339, as the server wrote it.
    package let lastTransitionTime: String?

    package var isTrue: Bool { status == "True" }

    package init(json: JSONValue) {
        type = json["type"]?.string ?? ""
        status = json["status"]?.string ?? "Unknown"
        reason = json["reason"]?.string
        message = json["message"]?.string
        lastTransitionTime = json["lastTransitionTime"]?.string
    }

    static func conditions(of json: JSONValue) -> [Condition] {
        json[path: "status", "conditions"]?.array?.map(Condition.init(json:)) ?? []
    }
}

extension Sequence<Condition> {
    /// The condition of that type; an object has at most one of each.
    package subscript(type: String) -> Condition? { first { $0.type == type } }
}
