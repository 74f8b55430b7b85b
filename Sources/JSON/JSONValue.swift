/// Any JSON document, its objects in the order they were written.
///
/// Integers stay exact (`Int`); a number with a fraction or an exponent is a `Double`, never NaN or infinite.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    package var isNull: Bool { self == .null }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    /// The number as a `Double`, whichever way it was written.
    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The member of that name; nil where this is no object or has no such member. Setting nil removes the member;
    /// setting on anything but an object makes it one.
    package subscript(key: String) -> JSONValue? {
        get { if case .object(let object) = self { object[key] } else { nil } }
        set {
            var object = self.object ?? JSONObject()
            self = .null  // leaves `object` the only owner, so that it is changed in place
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The value at the end of a path of members; nil where any step is missing.
    package subscript(path first: String, _ rest: String...) -> JSONValue? {
        var value = self[first]
        for key in rest { value = value?[key] }
        return value
    }
}

// Not by `nil`: in `condition ? nil : value` that would be the value null, where no value at all is meant.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
}

extension JSONValue: ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(unique: elements.map { (key: $0.0, value: $0.1) }))
    }
}
