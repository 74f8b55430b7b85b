import Foundation
import HTTP
import JSON

/// Reads the members of a JSON body and finds all that is wrong with them at once.
struct Fields {
    private let object: JSONObject
    private var faults: [Problem.FieldError] = []

    /// - Parameter allowed: every member that the body may have; another is refused, so that a mistyped one is not taken for a wish.
    init(_ request: Request, allowed: Set<String>) throws(Problem) {
        let type = request.headers["Content-Type"]?.split(separator: ";").first?.lowercased()
        guard type == "application/json" else {
            throw Problem(
                .unsupportedMediaType, code: "unsupported_media_type",
                detail: "The body must be JSON: send “Content-Type: application/json”.")
        }
        guard let object = try request.json().object else {
            throw Problem(.badRequest, code: "malformed_json", detail: "The body must be a JSON object.")
        }
        self.object = object
        for key in object.keys where !allowed.contains(key) {
            faults.append(
                .init(
                    field: key,
                    message: "There is no field “\(key.prefix(64))”. Known are: \(allowed.sorted().joined(separator: ", "))."))
        }
    }

    mutating func string(_ name: String) -> String {
        if let value = object[name], case .string(let text) = value { return text }
        faults.append(.init(field: name, message: object[name] == nil ? "“\(name)” is required." : "“\(name)” must be a string."))
        return ""
    }

    mutating func optionalString(_ name: String) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        if case .string(let text) = value { return text }
        faults.append(.init(field: name, message: "“\(name)” must be a string."))
        return nil
    }

    mutating func optionalObject(_ name: String) -> JSONObject? {
        guard let value = object[name], !value.isNull else { return nil }
        if case .object(let object) = value { return object }
        fault(name, "“\(name)” must be an object.")
        return nil
    }

    /// A moment as RFC 3339 writes it: `2027-01-31T12:00:00Z`. Its years have four digits, also in UTC; the formatter takes any number.
    mutating func optionalTime(_ name: String) -> Date? {
        guard let text = optionalString(name) else { return nil }
        for options: ISO8601DateFormatter.Options in [.withInternetDateTime, [.withInternetDateTime, .withFractionalSeconds]] {
            let formatter = ISO8601DateFormatter()
            formatter.formatOptions = options
            if text.utf8.count <= 40, let date = formatter.date(from: text), Fields.writableTimes.contains(date) { return date }
        }
        fault(name, "“\(name)” must be a moment as “2027-01-31T12:00:00Z”, and of the year 9999 at the latest.")
        return nil
    }

    /// From 0000-01-01 to 9999-12-31.
    private static let writableTimes = Date(timeIntervalSince1970: -62_167_219_200)..<Date(timeIntervalSince1970: 253_402_300_800)

    mutating func fault(_ name: String, _ message: String) { faults.append(.init(field: name, message: message)) }

    /// - Throws: 422 with every fault that was found.
    func check() throws(Problem) {
        guard !faults.isEmpty else { return }
        throw Problem(
            .unprocessableContent, code: "invalid_request", detail: faults.map(\.message).joined(separator: " "), fields: faults)
    }
}

extension Request {
    /// A whole number of the query.
    /// - Throws: 400 where it is none, or out of its range.
    func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(Problem) -> Int {
        guard let text = try queryValue(name) else { return standard }
        guard let number = Int(digits: text), range.contains(number) else {
            throw Problem(
                .badRequest, code: "invalid_parameter",
                detail: "“\(name)” must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// - Throws: 400 for a parameter that the route does not know: a mistyped filter must not read as none.
    func allowParameters(_ names: Set<String>) throws(Problem) {
        for parameter in query where !names.contains(parameter.name) {
            throw Problem(
                .badRequest, code: "unknown_parameter",
                detail:
                    "There is no parameter “\(parameter.name.prefix(64))” here. Known are: \(names.sorted().joined(separator: ", "))."
            )
        }
    }

    /// The version in `If-Match: "7"`; nil without the header or with `*`.
    /// - Throws: 400 where it is no entity tag of ours.
    func ifMatchVersion() throws(Problem) -> Int? {
        guard let tag = headers["If-Match"], tag != "*" else { return nil }
        guard tag.hasPrefix("\""), tag.hasSuffix("\""), let version = Int(digits: tag.dropFirst().dropLast()) else {
            throw Problem(.badRequest, code: "invalid_if_match", detail: "If-Match must be the one ETag that was read, as «\"7\"».")
        }
        return version
    }

    func wantsEventStream() -> Bool { headers["Accept"]?.contains("text/event-stream") ?? false }
}

extension Int {
    /// Nothing but ASCII digits: `Int` itself takes “+5” too.
    init?(digits text: some StringProtocol) {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(text)
    }
}
