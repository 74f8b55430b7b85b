package import JSON

/// Server-sent events (WHATWG HTML §9.2) on a streamed body.
package struct EventStream: Sendable {
    private let writer: ResponseWriter

    /// A response whose body is the events that the closure sends.
    package static func response(_ produce: @escaping @Sendable (EventStream) async throws -> Void) -> Response {
        Response(
            .ok, headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"],
            body: .stream { writer in
                let stream = EventStream(writer: writer)
                try await writer.write(Array("retry: 1000\n\n".utf8))
                do {
                    try await produce(stream)
                } catch is ClientGone {
                    return
                }
            })
    }

    /// Sends events with their ids; none at all sends a comment, which shows whether the client is still there.
    /// - Throws: `ClientGone`.
    package func send(_ events: [(id: String, data: JSONValue)]) async throws {
        var bytes: [UInt8] = []
        for event in events {
            bytes += Array("id: \(event.id)\ndata: ".utf8)
            event.data.write(to: &bytes)  // JSON has no line breaks of its own
            bytes += Array("\n\n".utf8)
        }
        if events.isEmpty { bytes = Array(": nothing new\n\n".utf8) }
        try await writer.write(bytes)
    }
}
