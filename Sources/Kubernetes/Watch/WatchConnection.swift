import JSON

/// One connection of a watch: what comes over it, line by line.
final class WatchConnection: Sendable {
    let openedAt = ContinuousClock.now
    private let stream: StreamHandle
    private let request: APIRequest

    init(_ stream: StreamHandle, _ request: APIRequest) {
        self.stream = stream
        self.request = request
    }

    /// Adds what has come to the splitter; false at the end.
    ///
    /// - Throws: `.status` if the server refuses the watch, `.malformedAnswer` if what comes is none.
    func read(into splitter: inout LineSplitter) async throws(KubernetesError) -> Bool {
        switch try await piece() {
        case .end(let head):
            try await check(head, [])
            return false
        case .bytes(let bytes, let head):
            try await check(head, bytes)
            splitter.append(bytes)
            return true
        }
    }

    private func check(_ head: AnswerHead, _ first: [UInt8]) async throws(KubernetesError) {
        guard 200..<300 ~= head.status else {
            var body = first
            while body.count < 1 << 16, case .bytes(let more, _) = try await piece() { body += more }
            throw request.error(for: HTTPAnswer(head: head, body: body))
        }
        guard head.isJSON else { throw request.malformed("HTTP \(head.status) of type \(head.contentType)") }
    }

    private func piece() async throws(KubernetesError) -> StreamPiece {
        do {
            return try await stream.read()
        } catch {
            throw request.error(for: error)
        }
    }
}
