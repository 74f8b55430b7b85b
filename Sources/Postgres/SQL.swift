/// A statement whose interpolated values are bound as `$1`, `$2` …, never written into its text.
///
/// `"… WHERE slug = \(slug)"` binds; `"… ORDER BY \(raw: column)"` writes, and must only ever see text of our own.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// Text between the values: always one more than there are values.
    private var pieces: [String]
    /// In PostgreSQL's text format; nil is NULL.
    private(set) var values: [String?]

    package init(stringLiteral value: String) {
        pieces = [value]
        values = []
    }

    package init(stringInterpolation: StringInterpolation) {
        pieces = stringInterpolation.pieces
        values = stringInterpolation.values
    }

    /// The text with its placeholders.
    var text: String {
        var text = pieces[0]
        for (index, piece) in pieces.dropFirst().enumerated() { text += "$\(index + 1)\(piece)" }
        return text
    }

    package static func + (one: SQL, other: SQL) -> SQL {
        var sum = one
        sum.pieces[sum.pieces.count - 1] += other.pieces[0]
        sum.pieces += other.pieces.dropFirst()
        sum.values += other.values
        return sum
    }

    package static func += (one: inout SQL, other: SQL) { one = one + other }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var pieces = [""]
        fileprivate var values: [String?] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { pieces[pieces.count - 1] += literal }

        package mutating func appendInterpolation(_ value: (some PostgresEncodable)?) {
            values.append(value?.postgresText)
            pieces.append("")
        }

        /// Writes text into the statement. Never anything that a client sent.
        package mutating func appendInterpolation(raw text: String) { appendLiteral(text) }
    }
}
