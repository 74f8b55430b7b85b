import JSON

/// A request to the API before it knows its server.
struct APIRequest: Sendable {
    static let json = "application/json"
    static let metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    static let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

    let verb: Verb
    let path: String
    var query: [(name: String, value: String)] = []
    var accept = APIRequest.json
    var contentType: String?
    var body: [UInt8]?
    /// Whether the server may get it twice without harm.
    var isRepeatable: Bool

    init(_ verb: Verb, _ path: String, isRepeatable: Bool) {
        self.verb = verb
        self.path = path
        self.isRepeatable = isRepeatable
    }

    var method: String {
        switch verb {
        case .get, .list, .watch: "GET"
        case .create: "POST"
        case .apply: "PATCH"
        case .update: "PUT"
        case .delete, .deleteCollection: "DELETE"
        }
    }

    /// Path and query as they go on the wire.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\(APIRequest.escaped($0.value))" }.joined(separator: "&")
    }

    /// For messages.
    var title: String { "\(method) \(path)" }

    mutating func add(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { query.append((name, value)) }
    }

    mutating func setBody(_ bytes: [UInt8], type: String = APIRequest.json) {
        body = bytes
        contentType = type
    }

    /// Everything but RFC 3986's unreserved characters as `%XX`, so that a name can neither leave its place in a path nor add
    /// to a query.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}

extension APIRequest {
    /// An answer other than 2xx. Its text is used only if it is a Status: whatever else may stand there, a proxy's page for
    /// instance, is not for our logs. Nor is it the API server's word: that a proxy knows no such page, or lets nobody through, says nothing of
    /// the object.
    func error(for answer: HTTPAnswer) -> KubernetesError {
        let code = answer.head.status
        if let status = status(in: answer) { return KubernetesError(.status(status), request: title) }
        guard (400..<500).contains(code), ![401, 408, 429].contains(code) else {
            return KubernetesError(.status(Status(code: code)), request: title)
        }
        return malformed("HTTP \(code) without a Status")
    }

    private func status(in answer: HTTPAnswer) -> Status? {
        guard answer.head.isJSON else { return nil }
        do {
            let json = try JSONValue(parsing: answer.body, allowingNUL: true)
            return json["kind"]?.string == "Status" ? Status(json: json, code: answer.head.status) : nil
        } catch {
            return nil
        }
    }

    func error(for failure: TransferFailure) -> KubernetesError {
        let kind: KubernetesError.Kind =
            switch failure {
            case .notSent(let reason), .interrupted(let reason), .hopeless(let reason): .unreachable(reason)
            case .tooLarge: .malformedAnswer("more bytes than allowed")
            case .timeout: .timeout
            case .cancelled: .cancelled
            }
        return KubernetesError(kind, request: title)
    }

    /// The document of a good answer. What is wrong with one that is none is told by its place only: it may hold a secret.
    func document(in answer: HTTPAnswer) throws(KubernetesError) -> JSONValue {
        try checkType(of: answer)
        do {
            return try JSONValue(parsing: answer.body, allowingNUL: true)
        } catch {
            throw malformed("broken JSON at byte \(error.offset) of \(answer.body.count)")
        }
    }

    /// That it was the API that answered: a proxy's page with 200 is no answer.
    func checkType(of answer: HTTPAnswer) throws(KubernetesError) {
        guard answer.head.isJSON else {
            throw malformed("HTTP \(answer.head.status) of type \(answer.head.contentType)")
        }
    }

    func malformed(_ reason: String) -> KubernetesError { KubernetesError(.malformedAnswer(reason), request: title) }
}
