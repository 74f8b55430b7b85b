package import JSON

/// An error as the client is told of it: RFC 9457 `application/problem+json` with a stable `code`.
package struct Problem: Error, Sendable, Equatable {
    package let status: Response.Status
    /// Stable, `snake_case`; a program may branch on it.
    package let code: String
    /// A sentence: what happened, why, and what to do.
    package let detail: String
    /// What is wrong with which field of the request, where that can be said.
    package let fields: [FieldError]
    /// Seconds after which to try again; sent as `Retry-After`.
    package let retryAfter: Int?
    /// Further members of the document: `{"store": "…"}`.
    package let members: JSONObject
    /// Header fields the status asks for: `Allow`, `WWW-Authenticate`.
    package var headers: HTTPFields

    package struct FieldError: Sendable, Equatable {
        /// The member of the body or the parameter of the query.
        package let field: String
        package let message: String

        package init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    package init(
        _ status: Response.Status, code: String, detail: String, fields: [FieldError] = [], retryAfter: Int? = nil,
        members: JSONObject = [:], headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.retryAfter = retryAfter
        self.members = members
        self.headers = headers
    }

    package static func notFound(_ path: String) -> Problem {
        Problem(.notFound, code: "not_found", detail: "There is nothing at this address. Check the path and the id in it.")
    }

    package func response(requestID: String) -> Response {
        var document: JSONValue = [
            "type": "about:blank", "title": .string(status.reason), "status": .integer(status.code), "code": .string(code),
            "detail": .string(detail), "requestId": .string(requestID),
        ]
        if !fields.isEmpty {
            document["errors"] = .array(fields.map { ["field": .string($0.field), "message": .string($0.message)] })
        }
        for member in members { document[member.key] = member.value }
        var response = Response.json(document, status: status, headers: headers).with("Content-Type", "application/problem+json")
        if let retryAfter { response.headers["Retry-After"] = String(retryAfter) }
        response.headers["Cache-Control"] = "no-store"
        return response
    }
}

extension Response.Status {
    /// The reason phrase of RFC 9110; it is a problem's title.
    package var reason: String {
        switch code {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status \(code)"
        }
    }
}
