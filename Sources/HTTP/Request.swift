package import JSON

/// One HTTP request, whole: its body has been read, within the server's limit.
package struct Request: Sendable {
    /// As sent, in upper case: `GET`, `POST` …
    package let method: String
    /// The path as sent, still percent-encoded, without the query.
    package let path: String
    /// The query's parameters in their order, percent-decoded; a name without `=` has an empty value.
    package let query: [QueryParameter]
    package let headers: HTTPFields
    package let body: [UInt8]
    /// The peer's address without its port: `127.0.0.1`, `::1`.
    package let remoteAddress: String
    /// Names this request in the log, in a problem document and in the audit log.
    package let id: String

    /// What the router found in the path, by the name the route gives it: percent-decoded.
    package internal(set) var parameters: [String: String] = [:]

    package struct QueryParameter: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(
        method: String, path: String, query: [QueryParameter] = [], headers: HTTPFields = [:], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1", id: String = "test"
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.id = id
    }

    /// The query parameter's value where it is given exactly once.
    /// - Throws: `Problem` 400 `repeated_parameter` where it is given more than once.
    package func queryValue(_ name: String) throws(Problem) -> String? {
        let values = query.filter { $0.name == name }
        guard values.count <= 1 else {
            throw Problem(
                .badRequest, code: "repeated_parameter",
                detail: "The parameter “\(name)” is given \(values.count) times. Give it once.")
        }
        return values.first?.value
    }

    /// The body as JSON, whatever the content type says.
    /// - Throws: `Problem` 400 `malformed_json` with what the reader met and where.
    package func json() throws(Problem) -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw Problem(
                .badRequest, code: "malformed_json",
                detail: "The body is not the JSON we take: \(error). Send one UTF-8 JSON document.")
        }
    }
}

/// A type that a path segment can be read as: `/stores/{id}`.
package protocol PathParameter {
    /// Nil where the segment cannot be one; the route then answers 404.
    init?(pathSegment: String)
}

extension String: PathParameter {
    package init?(pathSegment: String) { self = pathSegment }
}

extension Request {
    /// The path's segment of that name in the route, as a value.
    /// - Throws: `Problem` 404 `not_found` where the segment cannot be one.
    package func parameter<Value: PathParameter>(_ name: String, as type: Value.Type = Value.self) throws(Problem) -> Value {
        guard let segment = parameters[name], let value = Value(pathSegment: segment) else { throw .notFound(path) }
        return value
    }
}
