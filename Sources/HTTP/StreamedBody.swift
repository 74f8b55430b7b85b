import CMicrohttpd
import Foundation
import Synchronization

/// A body that a task writes while the client reads: a bounded buffer between the two.
///
/// An empty buffer suspends the connection, a full one the writer. libmicrohttpd's thread reads; one task writes.
final class StreamedBody: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        /// Bytes of `buffer` that have been read.
        var offset = 0
        var isSuspended = false
        var isFinished = false
        var hasFailed = false
        /// The client or the server has no more use for it.
        var isAbandoned = false
        var waiting: CheckedContinuation<Void, Never>?
        var bytesRead = 0

        var unread: Int { buffer.count - offset }
    }

    static let highWaterMark = 64 * 1024

    private let connection: Handle
    private let write: @Sendable (ResponseWriter) async throws -> Void
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(on connection: Handle, writtenBy write: @escaping @Sendable (ResponseWriter) async throws -> Void) {
        self.connection = connection
        self.write = write
    }

    var bytesRead: Int { state.withLock { $0.bytesRead } }

    /// The message for libmicrohttpd; starts the writing task.
    func makeMessage() -> OpaquePointer? {
        let retained = Unmanaged.passRetained(self)
        let message = MHD_create_response_from_callback(
            mhd_size_unknown(), 32 * 1024,
            { context, _, buffer, size in StreamedBody.from(context)?.read(into: buffer, size) ?? mhd_end_with_error() },
            retained.toOpaque(), { context in context.map { Unmanaged<StreamedBody>.fromOpaque($0).release() } })
        guard let message else {
            retained.release()
            return nil
        }
        let writer = Task {
            do {
                try await write(ResponseWriter { try await self.append($0) })
                finish(failed: false)
            } catch {
                finish(failed: true)  // the connection is cut: that is how a client learns that the body is not whole
            }
        }
        task.withLock { $0 = writer }
        return message
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> StreamedBody? {
        context.map { Unmanaged<StreamedBody>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(into target: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
        let (count, waiting): (Int, CheckedContinuation<Void, Never>?) = state.withLock { state in
            let count = min(size, state.unread)
            if count > 0, let target {
                state.buffer.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes[state.offset..<state.offset + count]))
                }
                state.offset += count
                state.bytesRead += count
                if state.unread == 0 {
                    state.buffer.removeAll(keepingCapacity: true)
                    state.offset = 0
                }
                let waiting = state.unread < StreamedBody.highWaterMark / 2 ? state.waiting.take() : nil
                return (count, waiting)
            }
            if state.hasFailed { return (mhd_end_with_error(), nil) }
            if state.isFinished { return (mhd_end_of_stream(), nil) }
            state.isSuspended = true
            MHD_suspend_connection(connection.pointer)
            return (0, nil)
        }
        waiting?.resume()
        return count
    }

    private func append(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        let isFull = try state.withLock { state in
            if state.isAbandoned { throw ClientGone() }
            state.buffer.append(contentsOf: bytes)
            resume(&state)
            return state.unread >= StreamedBody.highWaterMark
        }
        guard isFull else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.isAbandoned || Task.isCancelled || state.unread < StreamedBody.highWaterMark { return true }
                    state.waiting = continuation
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.take() }?.resume()
        }
        try Task.checkCancellation()
        if state.withLock({ $0.isAbandoned }) { throw ClientGone() }
    }

    private func resume(_ state: inout State) {
        guard state.isSuspended else { return }
        state.isSuspended = false
        MHD_resume_connection(connection.pointer)
    }

    private func finish(failed: Bool) {
        state.withLock { state in
            guard !state.isAbandoned || state.isSuspended else { return }
            state.isFinished = true
            state.hasFailed = failed
            resume(&state)
        }
    }

    /// libmicrohttpd has let go of the connection: nothing of it may be touched again.
    func abandon() {
        let waiting = state.withLock { state in
            state.isAbandoned = true
            state.isSuspended = false
            return state.waiting.take()
        }
        waiting?.resume()
        task.withLock { $0.take() }?.cancel()
    }

    /// Ends the body at the next opportunity: the writer is told that its client is gone.
    func stop() {
        let waiting = state.withLock { state in
            state.isAbandoned = true
            state.isFinished = true
            resume(&state)
            return state.waiting.take()
        }
        waiting?.resume()
        task.withLock { $0.take() }?.cancel()
    }
}
