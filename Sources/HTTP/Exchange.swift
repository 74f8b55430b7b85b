import CMicrohttpd
import Foundation
import Synchronization

/// One request and its answer, from the request line until libmicrohttpd has let go of it.
///
/// While a handler works the connection is suspended. The phase is one value under one lock, so that a connection can neither be
/// resumed twice nor answered twice.
final class Exchange: Sendable {
    enum Phase {
        /// The body is arriving.
        case receiving(body: [UInt8])
        /// A handler works; the connection is suspended.
        case handling(Task<Void, Never>?)
        /// There is an answer; the connection has been resumed and will ask for it.
        case answered(Response)
        /// libmicrohttpd has the answer.
        case sending(StreamedBody?)
        case completed
    }

    private struct State {
        var head: RequestHead?
        var remoteAddress = "unknown"
        var phase = Phase.receiving(body: [])
        var began = ContinuousClock.now
        var status = 0
        var bytesSent = 0
    }

    /// As sent, with its query.
    let target: String
    let id = String(UInt64.random(in: .min ... .max), radix: 36)
    private let connection: Handle
    private let state = Mutex(State())

    init(target: String, connection: Handle) {
        self.target = target
        self.connection = connection
    }

    var hasHead: Bool { state.withLock { $0.head != nil } }

    var isReceiving: Bool {
        state.withLock { if case .receiving = $0.phase { true } else { false } }
    }

    // MARK: On libmicrohttpd's thread

    /// Takes the head; a bad one is answered at once.
    func begin(_ head: RequestHead, from remoteAddress: String, server: ServerContext) -> MHD_Result {
        state.withLock {
            $0.head = head
            $0.remoteAddress = remoteAddress
        }
        guard server.connections.began(self, on: connection) else { return .NO }
        if let refusal = head.refusal ?? bodyRefusal(of: head.contentLength ?? 0, server: server) {
            return send(refusal.response(requestID: id).with("Connection", "close"), server: server)
        }
        return .YES
    }

    /// Takes a piece of the body. What is beyond the limit is read and dropped, up to eight times the limit.
    /// - Returns: whether to go on with the connection.
    func receive(_ piece: UnsafeRawBufferPointer, server: ServerContext) -> Bool {
        state.withLock { state in
            guard case .receiving(var body) = state.phase else { return false }
            state.phase = .receiving(body: [])  // leaves `body` the only owner
            body.append(contentsOf: piece)
            state.phase = .receiving(body: body)
            return body.count <= 8 * server.configuration.maximumBodySize
        }
    }

    /// The body is whole, or the connection was resumed: starts the handler, or sends what it answered.
    func proceed(server: ServerContext) -> MHD_Result {
        enum Step { case handle(RequestHead, [UInt8]), send(Response), wait }
        let step: Step = state.withLock { state in
            switch state.phase {
            case .receiving(let body):
                guard let head = state.head else { return .wait }
                state.phase = .handling(nil)
                return .handle(head, body)
            case .answered(let response): return .send(response)
            case .handling, .sending, .completed: return .wait
            }
        }
        switch step {
        case .wait: return .YES
        case .send(let response): return send(response, server: server)
        case .handle(let head, let body):
            if let refusal = bodyRefusal(of: body.count, server: server) {
                return send(refusal.response(requestID: id).with("Connection", "close"), server: server)
            }
            MHD_suspend_connection(connection.pointer)
            handle(head, body, server: server)
            return .YES
        }
    }

    private func bodyRefusal(of size: Int, server: ServerContext) -> Problem? {
        guard size > server.configuration.maximumBodySize else { return nil }
        return Problem(
            .contentTooLarge, code: "body_too_large",
            detail: "The body is larger than \(server.configuration.maximumBodySize) bytes.")
    }

    private func handle(_ head: RequestHead, _ body: [UInt8], server: ServerContext) {
        let remoteAddress = state.withLock { $0.remoteAddress }
        let task = Task {
            let response: Response
            do throws(Problem) {
                let request = Request(
                    method: head.method, path: head.path, query: try head.query(), headers: head.headers, body: body,
                    remoteAddress: remoteAddress, id: id)
                response = await server.respond(request)
            } catch {
                response = error.response(requestID: id)
            }
            answer(with: response)
        }
        let hasExpired = state.withLock { state in
            guard case .handling = state.phase else { return true }
            state.phase = .handling(task)
            return false
        }
        if hasExpired { task.cancel() }  // or has answered already, which this does not harm
    }

    private func send(_ response: Response, server: ServerContext) -> MHD_Result {
        if case .abort = response.body { return .NO }
        let (whole, stream) = response.messageBody(isHead: state.withLock { $0.head?.method == "HEAD" }, on: connection)
        let message: OpaquePointer?
        if let stream {
            message = stream.makeMessage()
        } else {
            message = whole.withUnsafeBytes { mhd_response_copying($0.baseAddress, whole.count) }
        }
        guard let message else { return .NO }
        defer { MHD_destroy_response(message) }
        for field in response.headers.all { MHD_add_response_header(message, field.name, field.value.withoutControlCharacters) }
        MHD_add_response_header(message, "X-Request-Id", id)
        if server.connections.isDraining, response.headers["Connection"] == nil {
            MHD_add_response_header(message, "Connection", "close")
        }
        state.withLock { state in
            state.phase = .sending(stream)
            state.status = response.status.code
            state.bytesSent = whole.count
        }
        let result = MHD_queue_response(connection.pointer, UInt32(response.status.code), message)
        if server.connections.isDraining { stream?.stop() }  // it began too late to be told with the others
        return result
    }

    /// libmicrohttpd lets go: the client has everything, or is gone.
    func complete(wasSent: Bool, server: ServerContext) {
        let (phase, record): (Phase, AccessRecord) = state.withLock { state in
            let ended = (state.phase, Exchange.record(of: state, id: id, wasSent: wasSent))
            state.phase = .completed
            return ended
        }
        switch phase {
        case .handling(let task): task?.cancel()
        case .sending(let stream): stream?.abandon()
        case .receiving, .answered, .completed: break
        }
        server.connections.ended(self, on: connection)
        server.configuration.onCompletion?(record)
    }

    private static func record(of state: State, id: String, wasSent: Bool) -> AccessRecord {
        var bytes = state.bytesSent
        if case .sending(let stream?) = state.phase { bytes = stream.bytesRead }
        return AccessRecord(
            requestID: id, method: state.head?.method ?? "-", path: state.head?.path ?? "-", status: state.status, bytes: bytes,
            duration: .now - state.began, remoteAddress: state.remoteAddress, wasSent: wasSent)
    }

    // MARK: On any thread

    /// Stores the answer and resumes the connection; of two answers the first counts.
    private func answer(with response: Response) {
        let won = state.withLock { state in
            guard case .handling = state.phase else { return false }
            state.phase = .answered(response)
            return true
        }
        if won { MHD_resume_connection(connection.pointer) }
    }

    /// Ends a handler that has had its time: the client is told 503, the task is cancelled.
    func expire(longerThan limit: Duration) {
        let expired: Task<Void, Never>?? = state.withLock { state in
            guard case .handling(let task) = state.phase, .now - state.began > limit else { return .none }
            return .some(task)
        }
        guard case .some(let task) = expired else { return }
        let problem = Problem(
            .serviceUnavailable, code: "timed_out",
            detail: "The answer took too long to make. Nothing may have been done: look before you try again.",
            retryAfter: 2)
        answer(with: problem.response(requestID: id))
        task?.cancel()
    }

    /// Ends a streamed body, so that a stop does not wait for it.
    func endStream() {
        let stream: StreamedBody? = state.withLock { state in
            if case .sending(let stream) = state.phase { stream } else { nil }
        }
        stream?.stop()
    }
}

extension Response {
    /// The bytes to send, or the stream that will write them. A HEAD request starts no stream.
    fileprivate func messageBody(isHead: Bool, on connection: Handle) -> (whole: [UInt8], stream: StreamedBody?) {
        switch body {
        case .bytes(let bytes): (bytes, nil)
        case .abort: ([], nil)
        case .stream(let write): isHead ? ([], nil) : ([], StreamedBody(on: connection, writtenBy: write))
        }
    }
}

extension String {
    /// A header value must not end its own line.
    fileprivate var withoutControlCharacters: String {
        utf8.contains { $0 < 0x20 || $0 == 0x7F } ? String(unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }) : self
    }
}
