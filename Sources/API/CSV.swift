/// Comma-separated values (RFC 4180), safe to open in a spreadsheet.
enum CSV {
    /// A line. A value that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, «CSV Injection»).
    static func row(_ values: [String]) -> [UInt8] {
        Array((values.map(field).joined(separator: ",") + "\r\n").utf8)
    }

    private static func field(_ value: String) -> String {
        // By scalars: a carriage return and the line feed behind it are one character.
        let formula = value.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let safe = formula ? "'" + value : value
        guard safe.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
