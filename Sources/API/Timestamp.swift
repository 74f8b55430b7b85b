import Foundation
import JSON

/// Times as the API writes them: RFC 3339 in UTC, to the millisecond.
enum Timestamp {
    static func json(_ date: Date?) -> JSONValue {
        guard let date else { return .null }
        return .string(text(date))
    }

    static func text(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        let whole = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        let fraction = String(milliseconds % 1000)
        return whole.formatted(Date.ISO8601FormatStyle()).dropLast() + "." + String(repeating: "0", count: 3 - fraction.count)
            + fraction + "Z"
    }
}
