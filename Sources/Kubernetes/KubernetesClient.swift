import JSON
import Synchronization

/// A client of the Kubernetes API: typed reads, server-side apply, creation, deletion, lists and watches, over libcurl.
///
/// Calls end when their task is cancelled and never outlast `KubernetesClient.deadline`. Refusals with Retry-After are waited out,
/// broken connections tried again where the request may be repeated; what then remains is thrown.
package final class KubernetesClient: Sendable {
    /// When every call must be over, asked afresh for each.
    ///
    /// A struct around the closure: with the closure itself as a task-local value, code that Swift 6.3.1 optimises ends in
    /// swift_task_localValuePush on a null type.
    package struct Bound: Sendable {
        let moment: @Sendable () -> ContinuousClock.Instant

        package init(_ moment: @escaping @Sendable () -> ContinuousClock.Instant) { self.moment = moment }
    }

    /// Of every call made in this task; nil for none but the limits'.
    @TaskLocal package static var bound: Bound?

    /// The bound as it is now.
    package static var deadline: ContinuousClock.Instant? { bound?.moment() }

    package let limits: Limits
    private let address: ServerAddress
    private let token: TokenCache?
    private let loop: TransferLoop
    private let counters = Mutex(Statistics())
    private let budget: Mutex<CallBudget>

    package init(configuration: ClusterConfiguration, limits: Limits = .init()) {
        self.limits = limits
        budget = Mutex(CallBudget(callsPerSecond: limits.callsPerSecond, now: .now))
        address = ServerAddress(configuration)
        token = configuration.token.map { TokenCache($0) }
        loop = TransferLoop(settings: configuration.transferSettings(limits, address), concurrency: limits.concurrency)
    }

    deinit {
        loop.stop()
    }

    package var statistics: Statistics { counters.withLock { $0 } }

    // MARK: Requests

    /// Sends a request, again if that is right, until it has an answer of 2xx.
    func send(_ request: APIRequest) async throws(KubernetesError) -> HTTPAnswer {
        counters.withLock { $0.calls[request.verb, default: 0] += 1 }
        do {
            return try await attempt(request)
        } catch {
            counters.withLock { $0.failures += 1 }
            throw error
        }
    }

    private func attempt(_ request: APIRequest) async throws(KubernetesError) -> HTTPAnswer {
        let policy = RetryPolicy(limits)
        var attempt = 1
        var hasRenewedToken = false
        var wasInterrupted = false
        while true {
            let outcome: RetryPolicy.Outcome
            let error: KubernetesError
            let call = try await turn(for: request)
            let result = await loop.perform(call)
            note(result)
            switch result {
            case .success(let answer):
                counters.withLock { $0.connections += answer.head.connectionsOpened }
                if 200..<300 ~= answer.head.status { return answer }
                if answer.head.status == 401, !hasRenewedToken, token?.renew() ?? false {
                    hasRenewedToken = true
                    counters.withLock { $0.retries += 1 }
                    continue
                }
                error = request.error(for: answer)
                // The first attempt may have been the one that deleted it.
                if wasInterrupted, request.verb == .delete, error.isNotFound { return answer }
                outcome = .refused(
                    status: answer.head.status, retryAfter: answer.head.retryAfter ?? error.status?.details?.retryAfterSeconds)
            case .failure(let failure):
                error = request.error(for: failure)
                outcome = .failed(failure)
                if case .interrupted = failure { wasInterrupted = true }
            }
            let pause = policy.pause(
                after: outcome, attempt: attempt, isRepeatable: request.isRepeatable, chance: .random(in: 0..<1))
            guard let pause, fits(pause) else { throw error }
            try await rest(pause, for: request)
            counters.withLock { $0.retries += 1 }
            attempt += 1
        }
    }

    /// Opens a watch.
    func open(_ request: APIRequest, timeout: Duration) throws(KubernetesError) -> StreamHandle {
        counters.withLock { $0.calls[request.verb, default: 0] += 1 }
        var call = try call(for: request)
        call.timeout = timeout
        call.silence = limits.watchSilence
        call.byteLimit = limits.watchBufferBytes
        return loop.open(call)
    }

    /// For a watch refused with 401; true if another attempt is worth while.
    func renewToken() -> Bool { token?.renew() ?? false }

    func rest(_ pause: Duration, for request: APIRequest? = nil) async throws(KubernetesError) {
        do {
            try await Task.sleep(for: pause, clock: .continuous)
        } catch {
            throw KubernetesError(.cancelled, request: request?.title)
        }
    }

    /// Waits for the budget's leave to send a request.
    private func turn(for request: APIRequest) async throws(KubernetesError) -> HTTPCall {
        switch budget.withLock({ $0.admit(at: .now, before: KubernetesClient.deadline) }) {
        case .go: break
        case .wait(let pause): try await rest(pause, for: request)
        case .late: throw KubernetesError(.timeout, request: request.title)
        case .refused:
            throw KubernetesError(.unreachable("it has answered none of the last calls; it is asked again in a few seconds"))
        }
        do {
            return try call(for: request)
        } catch {
            budget.withLock { $0.abandonProbe() }
            throw error
        }
    }

    /// Takes from a result what it tells of the server as a whole.
    private func note(_ result: Result<HTTPAnswer, TransferFailure>) {
        let outcome: CallBudget.Outcome?
        switch result {
        case .success(let answer): outcome = [429, 502, 503, 504].contains(answer.head.status) ? .overloaded : .answered
        case .failure(.cancelled), .failure(.hopeless), .failure(.tooLarge): outcome = nil
        // Our own time was up: that says nothing of the server.
        case .failure(.timeout) where KubernetesClient.deadline.map { $0 <= .now } ?? false: outcome = nil
        case .failure(.notSent), .failure(.interrupted), .failure(.timeout): outcome = .overloaded
        }
        let wasClosed = budget.withLock { budget in
            let before = budget.isClosed
            if let outcome {
                budget.note(outcome, at: .now, chance: .random(in: 0..<1))
            } else {
                budget.abandonProbe()
            }
            return !before && budget.isClosed
        }
        if wasClosed { counters.withLock { $0.shutOuts += 1 } }
    }

    private func fits(_ pause: Duration) -> Bool {
        KubernetesClient.deadline.map { .now + pause < $0 } ?? true
    }

    private func call(for request: APIRequest) throws(KubernetesError) -> HTTPCall {
        var headers = ["Accept: \(request.accept)", "User-Agent: store-platform", "Expect:"]
        if let host = address.hostHeader { headers.append("Host: \(host)") }
        if let type = request.contentType { headers.append("Content-Type: \(type)") }
        do {
            if let token = try token?.current() { headers.append("Authorization: Bearer \(token)") }
        } catch {
            throw KubernetesError(.unreachable(error.description), request: request.title)
        }
        return HTTPCall(
            method: request.method, url: address.base + request.target, headers: headers, body: request.body,
            isRepeatable: request.isRepeatable, timeout: limits.requestTimeout, deadline: KubernetesClient.deadline,
            byteLimit: limits.answerBytes)
    }
}
