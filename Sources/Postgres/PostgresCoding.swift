package import Foundation

/// A value that can be bound to a statement, as PostgreSQL writes it in text.
package protocol PostgresEncodable: Sendable {
    var postgresText: String { get }
}

/// A value that can be read from a column, as PostgreSQL writes it in text.
package protocol PostgresDecodable: Sendable {
    /// Nil where the text is no such value.
    init?(postgresText: String)
}

extension String: PostgresEncodable, PostgresDecodable {
    package var postgresText: String { self }
    package init?(postgresText: String) { self = postgresText }
}

extension Int: PostgresEncodable, PostgresDecodable {
    package var postgresText: String { description }
    package init?(postgresText: String) { self.init(postgresText) }
}

extension Double: PostgresEncodable, PostgresDecodable {
    package var postgresText: String { description }
    package init?(postgresText: String) { self.init(postgresText) }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    package var postgresText: String { self ? "t" : "f" }
    package init?(postgresText: String) {
        guard postgresText == "t" || postgresText == "f" else { return nil }
        self = postgresText == "t"
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package var postgresText: String { uuidString }
    package init?(postgresText: String) { self.init(uuidString: postgresText) }
}

/// `timestamptz`, to the microsecond. The session's time zone is UTC, so that the text always ends in `+00`.
extension Date: PostgresEncodable, PostgresDecodable {
    package var postgresText: String {
        let microseconds = Int((timeIntervalSince1970 * 1_000_000).rounded())
        let seconds = microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
        let (year, month, day) = CivilDate.of(days: Int((Double(seconds) / 86_400).rounded(.down)))
        let second = ((seconds % 86_400) + 86_400) % 86_400
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2)) \(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2))"
            + ":\(padded(second % 60, 2)).\(padded(microseconds - seconds * 1_000_000, 6))+00"
    }

    package init?(postgresText text: String) {
        var numbers: [Int] = []
        numbers.reserveCapacity(8)
        var number: Int?
        var fractionDigits = 0
        for byte in text.utf8 {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                number = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
                if numbers.count == 6 { fractionDigits += 1 }
            } else if let whole = number.take() {
                numbers.append(whole)
            }
        }
        // With a fraction there are seven before the zone's.
        guard number == 0, text.hasSuffix("+00"), numbers.count == 6 || numbers.count == 7, fractionDigits <= 9 else { return nil }
        var fraction = 0.0
        if numbers.count == 7 { fraction = Double(numbers[6]) / (0..<fractionDigits).reduce(1) { scale, _ in scale * 10 } }
        let days = CivilDate.days(year: numbers[0], month: numbers[1], day: numbers[2])
        let seconds = days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
        self.init(timeIntervalSince1970: Double(seconds) + fraction)
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Days since 1970-01-01 and the proleptic Gregorian calendar (Howard Hinnant, «chrono-Compatible Low-Level Date Algorithms»).
private enum CivilDate {
    static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func of(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

/// A JSON document, bound as `jsonb`.
package struct JSONB: PostgresEncodable, PostgresDecodable {
    package let text: String
    package init(text: String) { self.text = text }
    package init?(postgresText: String) { text = postgresText }
    package var postgresText: String { text }
}

/// Raw bytes, as `bytea` writes them in hexadecimal.
package struct Bytea: PostgresEncodable, PostgresDecodable, Equatable {
    package let bytes: [UInt8]
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var postgresText: String {
        "\\x" + bytes.map { padded16($0) }.joined()
    }

    package init?(postgresText: String) {
        guard postgresText.hasPrefix("\\x") else { return nil }
        let digits = Array(postgresText.utf8.dropFirst(2))
        guard digits.count.isMultiple(of: 2) else { return nil }
        bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        guard bytes.count * 2 == digits.count else { return nil }
    }

    private func padded16(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}

extension [String]: PostgresEncodable {
    package var postgresText: String {
        "{" + map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }.joined(separator: ",") + "}"
    }
}
