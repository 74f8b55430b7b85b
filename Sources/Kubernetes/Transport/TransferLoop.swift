import CCurl
import Foundation
import Synchronization

/// All transfers of a client, on one thread of their own around libcurl's multi interface.
///
/// Tasks leave commands in an inbox and wake the thread; only the thread touches libcurl's handles, and only it ends a transfer.
final class TransferLoop: Sendable {
    private enum Command: Sendable {
        case start(TransferID, HTTPCall, Transfer.Sink, counted: Bool)
        case cancel(TransferID)
        /// The call is over: a cancellation that came too late need not be remembered.
        case forget(TransferID)
        /// The reader of a stream has made room.
        case proceed(TransferID)
        case stop
    }

    private struct Inbox {
        /// Nil once the thread has ended. `curl_multi_wakeup` is the one call that other threads may make on it.
        var multi: UnsafeMutableRawPointer?
        var commands: [Command] = []
        var lastID: TransferID = 0
    }

    private static let preparation = curl_prepare_process()

    private let inbox: Mutex<Inbox>

    /// - Parameter concurrency: how many ordinary calls run at once; streams come on top.
    init(settings: TransferSettings, concurrency: Int) {
        let isPrepared = TransferLoop.preparation == CURLE_OK
        inbox = Mutex(Inbox(multi: isPrepared ? curl_multi_init() : nil))
        let thread = Thread { [self] in
            guard let multi = inbox.withLock({ $0.multi }) else { return close() }
            var engine = TransferEngine(multi: multi, settings: settings, concurrency: concurrency)
            run(&engine)
            engine.finishAll()
            close()
            curl_multi_cleanup(multi)
        }
        thread.name = "kubernetes"
        thread.start()
    }

    // MARK: Callers

    /// Cancelling the task ends the transfer and closes its connection at once.
    func perform(_ call: HTTPCall) async -> Result<HTTPAnswer, TransferFailure> {
        let id = newID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { post(.start(id, call, .answer($0), counted: true)) }
        } onCancel: {
            post(.cancel(id))
        }
        if Task.isCancelled { post(.forget(id)) }
        return result
    }

    /// A stream, not counted among the concurrent calls. It ends when the handle is let go.
    func open(_ call: HTTPCall) -> StreamHandle {
        let buffer = StreamBuffer(limit: call.byteLimit)
        let id = newID()
        post(.start(id, call, .stream(buffer), counted: false))
        return StreamHandle(id: id, buffer: buffer, loop: self)
    }

    func cancel(_ id: TransferID) { post(.cancel(id)) }

    func forget(_ id: TransferID) { post(.forget(id)) }

    func proceed(_ id: TransferID) { post(.proceed(id)) }

    /// Ends every transfer as cancelled, and the thread.
    func stop() { post(.stop) }

    private func newID() -> TransferID {
        inbox.withLock { inbox in
            inbox.lastID += 1
            return inbox.lastID
        }
    }

    private func post(_ command: Command) {
        let isTaken = inbox.withLock { inbox in
            guard let multi = inbox.multi else { return false }
            inbox.commands.append(command)
            curl_multi_wakeup(multi)
            return true
        }
        if !isTaken { TransferLoop.refuse(command) }
    }

    private static func refuse(_ command: Command) {
        guard case .start(_, _, let sink, _) = command else { return }
        switch sink {
        case .answer(let continuation): continuation.resume(returning: .failure(.cancelled))
        case .stream(let buffer): buffer.finish(.cancelled, head: AnswerHead())
        }
    }

    // MARK: The thread

    private func run(_ engine: inout TransferEngine) {
        while true {
            let commands = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return inbox.commands
            }
            for (index, command) in commands.enumerated() {
                switch command {
                case .start(let id, let call, let sink, let counted): engine.start(id, call, sink, counted: counted)
                case .cancel(let id): engine.cancel(id)
                case .forget(let id): engine.forget(id)
                case .proceed(let id): engine.proceed(id)
                case .stop: return commands[(index + 1)...].forEach(TransferLoop.refuse)
                }
            }
            engine.turn()
        }
    }

    /// From here on nothing is taken any more.
    private func close() {
        let left = inbox.withLock { inbox in
            defer { inbox.commands = [] }
            inbox.multi = nil
            return inbox.commands
        }
        left.forEach(TransferLoop.refuse)
    }
}
