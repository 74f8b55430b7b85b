import JSON
import Synchronization

/// Speaks to one API server. Keeps connections alive, bounds how many calls run at once, and retries what may be repeated.
package final class KubernetesClient: Sendable {
    package struct Limits: Sendable {
        /// Calls under way at once; watches do not count.
        package var concurrency = 16
        /// Of one attempt.
        package var requestTimeout: Duration = .seconds(10)
        /// Attempts for what may be repeated; each waits longer, with jitter.
        package var attempts = 4
        /// The longest that a server may make us wait by Retry-After before we give up.
        package var longestRetryAfter: Duration = .seconds(10)

        package init() {}
    }

    /// No call of this task outlasts it. Set it with `$deadline.withValue`.
    @TaskLocal package static var deadline: ContinuousClock.Instant?

    /// The name under which the fields we apply are ours.
    package static let fieldManager = "store-platform"

    package struct Statistics: Sendable {
        package var calls: [String: Int] = [:]
        package var retries = 0
    }

    private let configuration: ClusterConfiguration
    private let limits: Limits
    private let transport: Transport
    private let gate: Gate
    private let counts = Mutex(Statistics())

    package init(configuration: ClusterConfiguration, limits: Limits = Limits()) {
        self.configuration = configuration
        self.limits = limits
        transport = Transport(identity: configuration.identity)
        gate = Gate(limit: limits.concurrency)
    }

    /// Calls made so far, by verb.
    package var statistics: Statistics { counts.withLock { $0 } }

    // MARK: One call

    enum ContentType: String {
        case json = "application/json"
        /// JSON is YAML.
        case apply = "application/apply-patch+yaml"
    }

    struct Exchange {
        var verb: String
        var method = "GET"
        var path: String
        var query: [(String, String)] = []
        var accept = "application/json"
        var body: (ContentType, JSONValue)?
        /// Whether a second time changes nothing that the first did not.
        var isRepeatable = true
    }

    /// - Throws: `KubernetesError`, always.
    func send(_ exchange: Exchange) async throws -> JSONValue {
        let body = exchange.body.map(\.1.bytes)
        var failures = 0
        while true {
            do {
                return try await gate.pass { try await attempt(exchange, body: body, rereadingToken: false) }
            } catch let error as KubernetesError {
                failures += 1
                guard let pause = pause(after: error, failures: failures, isRepeatable: exchange.isRepeatable) else { throw error }
                counts.withLock { $0.retries += 1 }
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    throw KubernetesError(.cancelled)
                }
            }
        }
    }

    /// How long to wait before the next attempt; nil where there is to be none.
    private func pause(after error: KubernetesError, failures: Int, isRepeatable: Bool) -> Duration? {
        // 429 is an answer before any effect, so it is repeated whatever the call.
        guard failures < limits.attempts, error.isTransient, isRepeatable || error.isTooManyRequests || error.wasNotSent else {
            return nil
        }
        let ceiling = min(2_000, 50 << min(failures, 6))
        var pause = Duration.milliseconds(Int.random(in: ceiling / 2...ceiling))
        if let seconds = error.status?.retryAfterSeconds {
            let asked = Duration.seconds(seconds)
            guard asked <= limits.longestRetryAfter else { return nil }
            pause = max(pause, asked + .milliseconds(Int.random(in: 0...100)))
        }
        if let deadline = KubernetesClient.deadline, .now + pause >= deadline { return nil }
        return pause
    }

    private func attempt(_ exchange: Exchange, body: [UInt8]?, rereadingToken: Bool) async throws -> JSONValue {
        var call = try call(for: exchange, rereadingToken: rereadingToken)
        call.body = body
        counts.withLock { $0.calls[exchange.verb, default: 0] += 1 }
        let answer: Answer
        do {
            answer = try await transport.perform(call)
        } catch let error as TransportError {
            throw KubernetesError(of: error)
        }
        if answer.status == 401, !rereadingToken, case .file = configuration.token {
            return try await attempt(exchange, body: body, rereadingToken: true)
        }
        return try KubernetesClient.decode(answer)
    }

    func call(for exchange: Exchange, rereadingToken: Bool = false) throws -> Call {
        var timeout = limits.requestTimeout
        if let deadline = KubernetesClient.deadline { timeout = min(timeout, deadline - .now) }
        guard timeout > .zero else { throw KubernetesError(.timedOut) }
        var url = configuration.server + exchange.path
        for (index, parameter) in exchange.query.enumerated() {
            url += (index == 0 ? "?" : "&") + parameter.0 + "=" + parameter.1.percentEncoded
        }
        var headers = ["Accept: \(exchange.accept)", "User-Agent: store-platform"]
        if let (type, _) = exchange.body { headers.append("Content-Type: \(type.rawValue)") }
        if let token = try configuration.token.value(rereading: rereadingToken) { headers.append("Authorization: Bearer \(token)") }
        return Call(method: exchange.method, url: url, headers: headers, timeout: timeout)
    }

    /// The document of an answer.
    /// - Throws: `KubernetesError` with the server's Status, or `.malformedAnswer`.
    static func decode(_ answer: Answer) throws -> JSONValue {
        let document: JSONValue?
        do {
            document = try JSONValue(parsing: answer.body, allowingNUL: true)
        } catch {
            // A proxy's page, or an answer cut short.
            guard (200..<300).contains(answer.status) else { document = nil; return try refuse(answer, nil) }
            throw KubernetesError(.malformedAnswer("\(error)"))
        }
        guard (200..<300).contains(answer.status) else { return try refuse(answer, document) }
        guard let document, document.object != nil else { throw KubernetesError(.malformedAnswer("no object")) }
        return document
    }

    private static func refuse(_ answer: Answer, _ document: JSONValue?) throws -> JSONValue {
        var json = document
        if let seconds = answer.retryAfter, json?[path: "details", "retryAfterSeconds"] == nil {
            var details = json?["details"] ?? [:]
            details["retryAfterSeconds"] = .integer(seconds)
            if json == nil { json = ["message": .string("status \(answer.status)")] }
            json?["details"] = details
        }
        throw KubernetesError(.status(Status(json: json, code: answer.status)))
    }

    /// A call whose body is handed over as it arrives: a watch.
    func stream(_ exchange: Exchange, timeout: Duration, onBytes: @escaping @Sendable ([UInt8]) -> Void) async throws {
        counts.withLock { $0.calls[exchange.verb, default: 0] += 1 }
        var call = try call(for: exchange)
        call.timeout = timeout
        call.onBytes = onBytes
        let answer: Answer
        do {
            answer = try await transport.perform(call)
        } catch let error as TransportError {
            throw KubernetesError(of: error)
        }
        if answer.status != 200 { _ = try KubernetesClient.decode(answer) }
    }
}

extension KubernetesError {
    fileprivate init(of error: TransportError) {
        switch error {
        case .notSent(let reason): self.init(.unreachable(KubernetesError.notSentMark + reason))
        case .broken(let reason): self.init(.unreachable(reason))
        case .timedOut: self.init(.timedOut)
        case .tooLarge: self.init(.malformedAnswer("it is larger than 64 MB"))
        case .cancelled: self.init(.cancelled)
        }
    }

    private static let notSentMark = "no connection: "

    fileprivate var wasNotSent: Bool {
        if case .unreachable(let reason) = kind { reason.hasPrefix(KubernetesError.notSentMark) } else { false }
    }
}

extension String {
    /// RFC 3986's unreserved characters stay, everything else is encoded.
    var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
