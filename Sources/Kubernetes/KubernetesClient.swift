import JSON
import Synchronization

/// A client of the Kubernetes API: typed reads, server-side apply, creation, deletion, lists and watches, over libcurl.
///
/// Calls end when their task is cancelled and never outlast `KubernetesClient.deadline`. Refusals with Retry-After are waited out,
/// broken connections tried again where the request may be repeated; what then remains is thrown.
package final class KubernetesClient: Sendable {
    /// When every call made in this task must be over; nil for no bound but the limits'.
    @TaskLocal package static var deadline: ContinuousClock.Instant?

    package let limits: Limits
    private let address: ServerAddress
    private let token: TokenCache?
    private let loop: TransferLoop
    private let counters = Mutex(Statistics())

    package init(configuration: ClusterConfiguration, limits: Limits = .init()) {
        self.limits = limits
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
            switch await loop.perform(try call(for: request)) {
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
