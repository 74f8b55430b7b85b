package import JSON

/// One HTTP response: a status, header fields, and a body that is whole or written while it is sent.
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Written by a task of its own while the client reads: an event stream, a watch. The body ends when the closure
        /// returns; when it throws, the connection is cut, so that the client can tell.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
        /// No answer at all: the connection is cut. For simulating servers that die.
        case abort
    }

    package var status: Status
    package var headers: HTTPFields
    package var body: Body

    package init(_ status: Status, headers: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ value: JSONValue, status: Status = .ok, headers: HTTPFields = [:]) -> Response {
        .json(bytes: value.bytes, status: status, headers: headers)
    }

    /// JSON that is already written: the list path.
    package static func json(bytes: [UInt8], status: Status = .ok, headers: HTTPFields = [:]) -> Response {
        Response(status, headers: headers, body: .bytes(bytes)).with("Content-Type", "application/json")
    }

    package static func text(_ text: String, status: Status = .ok) -> Response {
        Response(status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    package func with(_ name: String, _ value: String?) -> Response {
        var copy = self
        copy.headers[name] = value
        return copy
    }

    /// A status code with the name HTTP gives it (RFC 9110, 6585).
    package struct Status: Sendable, Hashable {
        package let code: Int
        package init(_ code: Int) { self.code = code }

        package static let ok = Status(200)
        package static let created = Status(201)
        package static let accepted = Status(202)
        package static let noContent = Status(204)
        package static let notModified = Status(304)
        package static let badRequest = Status(400)
        package static let unauthorized = Status(401)
        package static let forbidden = Status(403)
        package static let notFound = Status(404)
        package static let methodNotAllowed = Status(405)
        package static let notAcceptable = Status(406)
        package static let conflict = Status(409)
        package static let gone = Status(410)
        package static let preconditionFailed = Status(412)
        package static let contentTooLarge = Status(413)
        package static let uriTooLong = Status(414)
        package static let unsupportedMediaType = Status(415)
        package static let unprocessableContent = Status(422)
        package static let tooManyRequests = Status(429)
        package static let headerFieldsTooLarge = Status(431)
        package static let internalServerError = Status(500)
        package static let serviceUnavailable = Status(503)
    }
}

/// Where a streamed body is written. The buffer is bounded: a slow reader slows its writer, nothing else.
package struct ResponseWriter: Sendable {
    private let writing: @Sendable ([UInt8]) async throws -> Void

    /// - Parameter writing: where the bytes go.
    package init(_ writing: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.writing = writing
    }

    /// Hands bytes over, waiting while the client has yet to read what is buffered.
    ///
    /// - Throws: `ClientGone` when the client has hung up, has read nothing for the server's write timeout, or the server is stopping.
    package func write(_ bytes: [UInt8]) async throws {
        try await writing(bytes)
    }
}

/// The client of a streamed body is no longer there; the stream's closure should end.
package struct ClientGone: Error {
    package init() {}
}
