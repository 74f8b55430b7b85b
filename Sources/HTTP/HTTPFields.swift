/// Header fields in the order they came; names are found whatever their case.
package struct HTTPFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package private(set) var all: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    package mutating func add(_ name: String, _ value: String) {
        all.append(Field(name: name, value: value))
    }

    package func values(of name: String) -> [String] {
        all.filter { $0.name.isEqualIgnoringCase(to: name) }.map(\.value)
    }

    /// The value of that name, those of several fields joined as RFC 9110 §5.3 has it: what must be there once is then none of its form.
    /// Setting replaces every field of the name; nil removes them.
    package subscript(name: String) -> String? {
        get {
            let values = values(of: name)
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }
        set {
            all.removeAll { $0.name.isEqualIgnoringCase(to: name) }
            if let newValue { add(name, newValue) }
        }
    }
}

extension String {
    func isEqualIgnoringCase(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8) { $0 == $1 || ($0 ^ $1 == 0x20 && ($0 | 0x20).isLowerCaseLetter) }
    }
}

extension UInt8 {
    var isLowerCaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
}
