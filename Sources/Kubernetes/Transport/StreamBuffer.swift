import Synchronization

/// The bytes of a streamed answer between the transfer thread, which brings them, and the one task that reads them.
final class StreamBuffer: Sendable {
    enum Reading {
        /// With whether the transfer was paused for want of room.
        case bytes([UInt8], AnswerHead, wasPaused: Bool)
        /// Nil when the server ended it in good order.
        case ended(TransferFailure?, AnswerHead)
        case nothing
    }

    private struct State {
        var bytes: [UInt8] = []
        var head = AnswerHead()
        var isPaused = false
        var hasEnded = false
        var failure: TransferFailure?
        var reader: CheckedContinuation<Void, Never>?

        mutating func wake() -> CheckedContinuation<Void, Never>? {
            defer { reader = nil }
            return reader
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    // MARK: The transfer thread

    /// False if there is no room: the same bytes are to come again after the reader has made some.
    func receive(_ bytes: UnsafeRawBufferPointer, head: AnswerHead) -> Bool {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>?? in
            state.head = head
            guard state.bytes.count < limit else {
                state.isPaused = true
                return nil
            }
            state.bytes.append(contentsOf: bytes)
            return .some(state.wake())
        }
        guard let reader else { return false }
        reader?.resume()
        return true
    }

    func finish(_ failure: TransferFailure?, head: AnswerHead) {
        let reader = state.withLock { state in
            state.head = head
            state.hasEnded = true
            state.failure = failure
            return state.wake()
        }
        reader?.resume()
    }

    // MARK: The reader

    func take() -> Reading {
        state.withLock { state in
            if !state.bytes.isEmpty {
                let bytes = state.bytes
                let wasPaused = state.isPaused
                state.bytes = []
                state.isPaused = false
                return .bytes(bytes, state.head, wasPaused: wasPaused)
            }
            return state.hasEnded ? .ended(state.failure, state.head) : .nothing
        }
    }

    /// Returns once `take` has something to give.
    func waitUntilReadable() async {
        await withCheckedContinuation { continuation in
            let isReadable = state.withLock { state in
                guard state.bytes.isEmpty, !state.hasEnded else { return true }
                state.reader = continuation
                return false
            }
            if isReadable { continuation.resume() }
        }
    }
}
