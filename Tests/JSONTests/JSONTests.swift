import Foundation
import JSON
import Testing

struct JSONTests {
    @Test func `what was written is read again, order and all`() throws {
        let text = #"{"b":1,"a":[true,null,-2.5,"é\n\"\u0001"],"z":{}}"#
        #expect(try JSONValue(parsing: text).text == text)
    }

    @Test func `order does not count for equality or for the canonical form`() throws {
        let one = try JSONValue(parsing: #"{"a":1,"b":{"c":2,"d":3}}"#)
        let other = try JSONValue(parsing: #"{"b":{"d":3,"c":2},"a":1}"#)
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one.canonicalBytes == other.canonicalBytes)
    }

    @Test(arguments: [
        "", "{", "[1,]", #"{"a":1,"a":2}"#, #""\ud800""#, #""\u0000""#, "1e400", "9223372036854775808", "{} x", "\u{FEFF}{}", "nul",
        String(repeating: "[", count: 10_000),
    ])
    func `what is not strict JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `invalid UTF-8 is refused`() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `a log may hold NUL`() throws {
        #expect(try JSONValue(parsing: Array(#""a\u0000b""#.utf8), allowingNUL: true) == "a\0b")
    }

    @Test func `members are set, replaced and removed in place`() {
        var value: JSONValue = ["a": 1]
        value["b"] = "x"
        value["a"] = nil
        value["c"] = [1, 2]
        #expect(value == ["b": "x", "c": [1, 2]])
        #expect(value[path: "c"]?.array?.count == 2)
    }
}

struct RFC3339Tests {
    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        (1_709_164_799.9996, "2024-02-28T23:59:59Z", "2024-02-28T23:59:59.999Z"),
        (1_709_164_800.05, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.050Z"),
        (-0.25, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.750Z"),
        (253_402_300_799.0, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ])
    func `a time is written in UTC`(seconds: Double, whole: String, toTheMillisecond: String) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(RFC3339.seconds(date) == whole)
        #expect(RFC3339.milliseconds(date) == toTheMillisecond)
    }
}
