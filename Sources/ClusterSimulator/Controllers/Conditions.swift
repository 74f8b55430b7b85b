import JSON

/// The conditions of a workload's status, changed as its controller does: one whose status and reason stay keeps its place and its words;
/// one that changes goes to the end.
struct Conditions {
    private(set) var all: [JSONValue]

    init(of object: JSONValue) { all = object[path: "status", "conditions"]?.array ?? [] }

    subscript(type: String) -> JSONValue? { all.first { $0["type"]?.string == type } }

    var isEmpty: Bool { all.isEmpty }

    mutating func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
        let status = isTrue ? "True" : "False"
        let old = self[type]
        if old?["status"]?.string == status, old?["reason"]?.string == reason { return }
        put(type, status, reason, message, old)
    }

    /// Puts it to the end also where only its words are others.
    mutating func renew(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
        put(type, isTrue ? "True" : "False", reason, message, self[type])
    }

    private mutating func put(_ type: String, _ status: String, _ reason: String, _ message: String, _ old: JSONValue?) {
        all.removeAll { $0["type"]?.string == type }
        all.append([
            "type": .string(type), "status": .string(status), "lastUpdateTime": .string(Clock.now),
            "lastTransitionTime": old?["status"]?.string == status ? old?["lastTransitionTime"] ?? .null : .string(Clock.now),
            "reason": .string(reason), "message": .string(message),
        ])
    }

    mutating func remove(_ type: String) { all.removeAll { $0["type"]?.string == type } }

    func reason(of type: String) -> String? { self[type]?["reason"]?.string }
}
