/// The reading end of a streamed answer, for one task. Letting go of it closes the connection.
final class StreamHandle: Sendable {
    private let id: TransferID
    private let buffer: StreamBuffer
    private let loop: TransferLoop

    init(id: TransferID, buffer: StreamBuffer, loop: TransferLoop) {
        self.id = id
        self.buffer = buffer
        self.loop = loop
    }

    deinit {
        loop.cancel(id)
        loop.forget(id)
    }

    /// The next bytes as soon as there are any.
    func read() async throws(TransferFailure) -> StreamPiece {
        while true {
            switch buffer.take() {
            case .bytes(let bytes, let head, let wasPaused):
                if wasPaused { loop.proceed(id) }
                return .bytes(bytes, head)
            case .ended(let failure?, _): throw failure
            case .ended(nil, let head): return .end(head)
            case .nothing:
                await withTaskCancellationHandler {
                    await buffer.waitUntilReadable()
                } onCancel: {
                    loop.cancel(id)
                }
            }
        }
    }
}

enum StreamPiece {
    case bytes([UInt8], AnswerHead)
    /// The server closed the stream in good order.
    case end(AnswerHead)
}
