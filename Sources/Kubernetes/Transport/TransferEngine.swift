import CCurl

/// The transfers of a loop, seen from its thread: which run, which wait, and when the next is to be given up.
struct TransferEngine {
    private struct Waiting {
        let call: HTTPCall
        let sink: Transfer.Sink
    }

    private let multi: UnsafeMutableRawPointer
    private let settings: TransferSettings
    private var admission: Admission
    private var waiting: [TransferID: Waiting] = [:]
    private var running: [TransferID: Transfer] = [:]
    private var ids: [UnsafeMutableRawPointer: TransferID] = [:]
    /// Admitted and about to run.
    private var admitted: [TransferID] = []
    /// A task that is already cancelled says so before it says what it wanted.
    private var cancelledBeforeStart: Set<TransferID> = []

    init(multi: UnsafeMutableRawPointer, settings: TransferSettings, concurrency: Int) {
        self.multi = multi
        self.settings = settings
        admission = Admission(limit: concurrency)
        // Idle connections kept; the default of four per running transfer would grow with them.
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, concurrency * 2)
    }

    // MARK: Commands

    mutating func start(_ id: TransferID, _ call: HTTPCall, _ sink: Transfer.Sink, counted: Bool) {
        waiting[id] = Waiting(call: call, sink: sink)
        if cancelledBeforeStart.remove(id) != nil {
            finish(id, .cancelled)
        } else if !counted || admission.enter(id) {
            admitted.append(id)
        }
    }

    mutating func cancel(_ id: TransferID) {
        if waiting[id] != nil || running[id] != nil {
            finish(id, .cancelled)
        } else {
            cancelledBeforeStart.insert(id)
        }
    }

    mutating func forget(_ id: TransferID) {
        cancelledBeforeStart.remove(id)
    }

    mutating func proceed(_ id: TransferID) {
        running[id]?.proceed()
    }

    mutating func finishAll() {
        for id in Array(waiting.keys) { finish(id, .cancelled) }
        for id in Array(running.keys) { finish(id, .cancelled) }
    }

    // MARK: A turn

    /// Gives up what is late, moves what can move, ends what is over, then sleeps until a socket, a timer or a command wakes it.
    ///
    /// Lateness comes first: a process that was stopped for a while must not send what its deadline no longer allows.
    mutating func turn() {
        let now = ContinuousClock.now
        for (id, transfer) in running where transfer.expiry <= now { finish(id, .timeout) }
        for (id, waiter) in waiting where waiter.call.deadline.map({ $0 <= now }) ?? false { finish(id, .timeout) }
        var stillRunning: Int32 = 0
        curl_multi_perform(multi, &stillRunning)
        var messagesLeft: Int32 = 0
        while let message = curl_multi_info_read(multi, &messagesLeft) {
            guard message.pointee.msg == CURLMSG_DONE, let id = ids[message.pointee.easy_handle] else { continue }
            finish(id, running[id]?.failure(for: curl_message_result(message)))
        }
        while !admitted.isEmpty { run(admitted.removeFirst()) }
        curl_multi_poll(multi, nil, 0, Int32(timeToNextExpiry(from: .now).milliseconds), nil)
    }

    private func timeToNextExpiry(from now: ContinuousClock.Instant) -> Duration {
        var next = now + .seconds(60)
        for transfer in running.values { next = min(next, transfer.expiry) }
        for waiter in waiting.values { next = min(next, waiter.call.deadline ?? next) }
        return max(.zero, now.duration(to: next))
    }

    // MARK: Start and end

    private mutating func run(_ id: TransferID) {
        guard let waiter = waiting[id] else { return }
        guard let transfer = Transfer(waiter.call, sink: waiter.sink) else {
            return finish(id, .hopeless("out of memory"))
        }
        waiting[id] = nil
        running[id] = transfer
        ids[transfer.easy] = id
        if let refusal = transfer.prepare(settings) {
            finish(id, refusal)
        } else if curl_multi_add_handle(multi, transfer.easy) != CURLM_OK {
            finish(id, .hopeless("libcurl took no further transfer"))
        }
    }

    /// The only way in which anything ends.
    private mutating func finish(_ id: TransferID, _ failure: TransferFailure?) {
        if let transfer = running.removeValue(forKey: id) {
            ids[transfer.easy] = nil
            curl_multi_remove_handle(multi, transfer.easy)
            transfer.deliver(failure)
        } else if let waiter = waiting.removeValue(forKey: id) {
            switch waiter.sink {
            case .answer(let continuation): continuation.resume(returning: .failure(failure ?? .cancelled))
            case .stream(let buffer): buffer.finish(failure, head: AnswerHead())
            }
        }
        if let next = admission.leave(id) { admitted.append(next) }
    }
}
