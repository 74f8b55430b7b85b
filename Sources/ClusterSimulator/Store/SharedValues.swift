import JSON

/// Parts that many objects have alike, kept once: the stores of one plan differ in their names and little else.
struct SharedValues {
    private var values: [JSONValue: JSONValue] = [:]

    /// Forgotten all together when there are too many; what is in use stays with its objects.
    private static let limit = 8192

    /// The object with its large parts exchanged for equal ones that are there already.
    mutating func share(_ object: JSONValue) -> JSONValue {
        var object = object
        for part in ["spec", "data"] {
            if let value = object[part] { object[part] = shared(value) }
        }
        guard var metadata = object["metadata"] else { return object }
        for part in ["labels", "annotations"] {
            if let value = metadata[part] { metadata[part] = shared(value) }
        }
        if let entries = metadata["managedFields"]?.array {
            metadata["managedFields"] = .array(
                entries.map { entry in
                    var entry = entry
                    if let fields = entry["fieldsV1"] { entry["fieldsV1"] = shared(fields) }
                    return entry
                })
        }
        object["metadata"] = metadata
        return object
    }

    private mutating func shared(_ value: JSONValue) -> JSONValue {
        if let known = values[value] { return known }
        if values.count >= SharedValues.limit { values = [:] }
        values[value] = value
        return value
    }
}
