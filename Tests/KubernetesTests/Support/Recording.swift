import Foundation
import JSON
import Testing

/// One exchange with a real API server, as kept in `Recorded/`.
struct Exchange: Sendable, CustomTestStringConvertible {
    let file: String
    let name: String
    let method: String
    let path: String
    let status: Int
    /// Nil for a watch that was let in.
    let body: JSONValue?
    /// The lines of a watch.
    let events: [JSONValue]?

    var testDescription: String { "\(file): \(name)" }
}

enum Recording {
    static let files = [
        "discovery", "namespaces", "apply", "secrets", "quota", "workloads", "lists", "watch", "pods", "deletion",
    ]

    static func exchanges(of file: String) throws -> [Exchange] {
        let url = try #require(Bundle.module.url(forResource: file, withExtension: "json", subdirectory: "Recorded"))
        let document = try JSONValue(parsing: Data(contentsOf: url))
        return try #require(document.array).map { entry in
            Exchange(
                file: file,
                name: try #require(entry["name"]?.string),
                method: try #require(entry[path: "request", "method"]?.string),
                path: try #require(entry[path: "request", "path"]?.string),
                status: try #require(entry[path: "response", "status"]?.integer),
                body: entry[path: "response", "body"],
                events: entry[path: "response", "events"]?.array)
        }
    }

    static func exchange(_ file: String, _ name: String) throws -> Exchange {
        try #require(exchanges(of: file).first { $0.name == name })
    }

    static func body(_ file: String, _ name: String) throws -> JSONValue {
        try #require(exchange(file, name).body)
    }

    static func items(_ file: String, _ name: String) throws -> [JSONValue] {
        try #require(body(file, name)["items"]?.array)
    }
}
