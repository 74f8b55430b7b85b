/// One HTTP request and the bounds of its transfer.
struct HTTPCall: Sendable {
    var method: String
    var url: String
    /// `Name: value`.
    var headers: [String]
    var body: [UInt8]?
    /// Whether the server may see it twice without harm. libcurl itself repeats a request when a kept connection turns out to be
    /// dead, whatever the method: one that may not be repeated travels on a fresh connection.
    var isRepeatable: Bool
    /// From the start of the transfer to its end; waiting for a place among the running ones is not counted.
    var timeout: Duration
    /// How long a stream may say nothing. Ordinary calls have none.
    var silence: Duration?
    /// Bounds everything, the waiting too.
    var deadline: ContinuousClock.Instant?
    /// More bytes than this end the transfer; of a stream, how many may lie unread before the server is made to wait.
    var byteLimit: Int
}

/// What came before the body of an answer.
struct AnswerHead: Sendable, Hashable {
    /// 0 if no answer came.
    var status = 0
    /// Seconds, from `Retry-After`.
    var retryAfter: Int?
    /// In lower case, parameters included.
    var contentType = ""
    /// How many connections libcurl had to open: 0 where a kept one served.
    var connectionsOpened = 0

    var isJSON: Bool { contentType.hasPrefix("application/json") }

    /// Takes one header line; the status line starts a new answer, for instance after `100 Continue`.
    mutating func read(_ line: String) {
        if line.hasPrefix("HTTP/") {
            self = AnswerHead()
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        switch line[..<colon].lowercased() {
        // The other form, a date, is not used by API servers: any number will do, since it is only a hint.
        case "retry-after": retryAfter = Int(value).map { max(0, $0) } ?? 1
        case "content-type": contentType = value.lowercased()
        default: break
        }
    }
}

struct HTTPAnswer: Sendable {
    var head: AnswerHead
    var body: [UInt8]
}

/// Why a transfer brought no answer.
enum TransferFailure: Error, Sendable, Hashable {
    /// The request never left: no address, no connection, no TLS session.
    case notSent(String)
    /// The connection broke: the server may have done what it was asked.
    case interrupted(String)
    /// It will fail again: a certificate that does not verify, a malformed URL.
    case hopeless(String)
    case tooLarge
    case timeout
    case cancelled
}
