import Foundation
import HTTP
import JSON
import Stores

/// One JSON document a line, on standard error.
enum Log {
    static func write(_ level: String, _ message: String) {
        put(["at": now, "level": .string(level), "message": .string(message)])
    }

    static func access(_ record: AccessRecord) {
        put([
            "at": now, "level": "access", "id": .string(record.requestID), "method": .string(record.method),
            "path": .string(TokenText.masked(in: record.path)),
            "status": .integer(record.status), "bytes": .integer(record.bytes),
            "milliseconds": .double(
                Double(record.duration.components.seconds) * 1000 + Double(
                    record.duration.components.attoseconds / 1_000_000_000_000) / 1000),
            "remote": .string(record.remoteAddress), "sent": .bool(record.wasSent),
        ])
    }

    private static var now: JSONValue {
        .string(RFC3339.milliseconds(Date()))
    }

    private static func put(_ line: JSONValue) {
        FileHandle.standardError.write(Data(line.bytes + [UInt8(ascii: "\n")]))
    }
}
