import Foundation
import JSON

/// A line that an engine's set-up program prints for each step: `{"step":"install","state":"done","message":"…"}`. What else stands in its log
/// is nobody's but whoever reads the log.
package struct SetupStep: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case done, skipped, failed
    }

    package let name: String
    package let state: State
    /// A sentence for the merchant; text of the shop's own program, hence cut and cleaned.
    package let message: String

    package init(_ name: String, _ state: State, _ message: String) {
        self.name = name
        self.state = state
        self.message = message
    }

    private init?(line: Substring) {
        guard line.hasPrefix("{"), line.utf8.count <= 4096 else { return nil }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: Array(line.utf8))
        } catch {
            return nil  // a line that only looks like one
        }
        guard let name = json["step"]?.string, let state = json["state"]?.string.flatMap(State.init(rawValue:)),
            name.range(of: "^[a-z][a-z0-9_-]{0,39}$", options: .regularExpression) != nil
        else { return nil }
        self.init(name, state, (json["message"]?.string ?? "").asOneLine(limit: 300))
    }

    /// Those in a log, in their order. At most a hundred: a program that prints without end is not to fill a timeline.
    package static func steps(in log: String) -> [SetupStep] {
        Array(log.split(whereSeparator: \.isNewline).lazy.compactMap { SetupStep(line: $0) }.prefix(100))
    }
}
