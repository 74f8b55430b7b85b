/// A request before its body, and the checks that libmicrohttpd (0.9.75) leaves to us.
///
/// Each is a way to make two servers disagree on where a request ends or whom it is for: RFC 9112 §3.2, §5.1, §5.2, §6.1, §6.3.
struct RequestHead {
    let method: String
    /// The request target as sent, with its query.
    let target: String
    /// `HTTP/1.1`
    let version: String
    let headers: HTTPFields
    /// False where a field was folded over several lines or hides bytes behind a NUL.
    let hasHonestHeaders: Bool

    static let maximumFields = 100
    static let maximumTarget = 8 * 1024

    /// Nil where the head may be served. A refusal also closes the connection: where the next request begins is no longer certain.
    var refusal: Problem? {
        if version != "HTTP/1.1", version != "HTTP/1.0" {
            return Problem(
                .init(505), code: "http_version", detail: "This server speaks HTTP/1.1, the request says \(version.prefix(16)).")
        }
        if target.utf8.count > RequestHead.maximumTarget {
            return Problem(
                .uriTooLong, code: "uri_too_long", detail: "The address is longer than \(RequestHead.maximumTarget) bytes.")
        }
        if headers.all.count > RequestHead.maximumFields {
            return Problem(
                .headerFieldsTooLarge, code: "too_many_headers",
                detail: "The request has more than \(RequestHead.maximumFields) header fields.")
        }
        guard target.hasPrefix("/") else {
            return malformed("the target must be a path that begins with “/”")
        }
        guard !target.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
            return malformed("the target holds a character that must be percent-encoded")
        }
        return headerRefusal
    }

    private var headerRefusal: Problem? {
        guard hasHonestHeaders else { return malformed("a header field is folded over several lines or holds a NUL") }
        for field in headers.all {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(\.isTokenCharacter) else {
                return malformed("a header field's name holds a character that it must not")
            }
            guard !field.value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else {
                return malformed("the value of the header field \(field.name.prefix(64)) holds a control character")
            }
        }
        let lengths = headers.values(of: "Content-Length")
        let codings = headers.values(of: "Transfer-Encoding")
        if !lengths.isEmpty, !codings.isEmpty { return malformed("it has both Content-Length and Transfer-Encoding") }
        if lengths.count > 1 { return malformed("it has Content-Length more than once") }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return malformed("its Content-Length is not a number")
        }
        if codings.count > 1 || (codings.first.map { !$0.isEqualIgnoringCase(to: "chunked") } ?? false) {
            return malformed("its Transfer-Encoding is not exactly “chunked”")
        }
        if !codings.isEmpty, version == "HTTP/1.0" { return malformed("HTTP/1.0 has no Transfer-Encoding") }
        let hosts = headers.values(of: "Host")
        if hosts.count > 1 { return malformed("it has more than one Host") }
        if hosts.isEmpty, version == "HTTP/1.1" { return malformed("it has no Host") }
        return nil
    }

    /// Bytes the client says it will send; nil where it does not.
    var contentLength: Int? { headers["Content-Length"].flatMap { Int($0) } }

    var path: String { String(target.prefix { $0 != "?" }) }

    /// - Throws: `Problem` 400 where a name or value cannot be decoded, or holds what no text of the database can: U+0000.
    func query() throws(Problem) -> [Request.QueryParameter] {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        var parameters: [Request.QueryParameter] = []
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = parts.count > 1 ? PercentEncoding.decode(parts[1], plusIsSpace: true) : "",
                !name.utf8.contains(0), !value.utf8.contains(0)
            else {
                throw Problem(
                    .badRequest, code: "malformed_query",
                    detail: "The query is not percent-encoded UTF-8, or holds U+0000. Encode its names and values, without that.")
            }
            parameters.append(Request.QueryParameter(name: name, value: value))
        }
        return parameters
    }

    private func malformed(_ what: String) -> Problem {
        Problem(.badRequest, code: "malformed_request", detail: "The request cannot be read: \(what).")
    }
}

extension UInt8 {
    /// RFC 9110 §5.6.2
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
