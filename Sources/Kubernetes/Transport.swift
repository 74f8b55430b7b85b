import CCurl
import Foundation
import Synchronization

/// One HTTP call, for the transport.
struct Call: Sendable {
    var method: String
    var url: String
    var headers: [String]
    var body: [UInt8]?
    /// After this the transfer is given up, wherever it stands.
    var timeout: Duration
    /// Bytes an answer may have; nothing is read beyond them.
    var limit = 64 * 1024 * 1024
    /// Nil collects the body; otherwise it is handed over as it comes, once the status is 200.
    var onBytes: (@Sendable ([UInt8]) -> Void)?
}

struct Answer: Sendable {
    var status: Int
    var body: [UInt8]
    var retryAfter: Int?
}

enum TransportError: Error {
    /// Nothing of the request can have had an effect.
    case notSent(String)
    /// The connection broke after the request may have been read.
    case broken(String)
    case timedOut
    case tooLarge
    case cancelled
}

/// All transfers to one server, on one thread over libcurl's multi interface: connections are kept alive and shared.
///
/// Only that thread touches handles and completes transfers; others put commands into its inbox and wake it.
final class Transport: Sendable {
    typealias Completion = @Sendable (Result<Answer, TransportError>) -> Void

    enum Command {
        case start(Int, Call, Completion)
        case cancel(Int)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextID = 0
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    /// The address of the multi handle: `curl_multi_wakeup` may be called from any thread.
    private let multi: UInt

    init(identity: TLSIdentity) {
        _ = Transport.isCurlReady
        let multi = curl_multi_init()
        curl_limit_connections(multi, 64)
        self.multi = UInt(bitPattern: multi)
        let loop = TransferLoop(multi: self.multi, identity: identity)
        let thread = Thread { [weak self] in
            loop.run { self?.takeCommands() ?? [.stop] }
        }
        thread.name = "kubernetes"
        thread.start()
    }

    deinit {
        inbox.withLock { $0.commands.append(.stop) }
        wake()
    }

    private static let isCurlReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// Makes the call. Cancelling the task ends the transfer at once.
    func perform(_ call: Call) async throws -> Answer {
        let id = inbox.withLock { inbox in
            inbox.nextID += 1
            return inbox.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                send(.start(id, call) { continuation.resume(with: $0) })
            }
        } onCancel: {
            send(.cancel(id))
        }
    }

    private func send(_ command: Command) {
        inbox.withLock { $0.commands.append(command) }
        wake()
    }

    private func wake() {
        curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: multi))
    }

    private func takeCommands() -> [Command] {
        inbox.withLock { inbox in
            let commands = inbox.commands
            inbox.commands = []
            return commands
        }
    }
}

/// Certificates and names, as libcurl takes them.
struct TLSIdentity: Sendable {
    var authority: [UInt8]?
    var certificate: [UInt8]?
    var key: [UInt8]?
    /// The name in the server's certificate, where it is not the one in its address.
    var serverName: String?
    var isInsecure = false
    var proxy: String?
}

/// The thread's own side: the handles, and the transfers that are under way.
private final class TransferLoop: @unchecked Sendable {  // created on one thread, then used by the transport's thread alone
    private let multi: UnsafeMutableRawPointer?
    private let identity: TLSIdentity
    private var active: [Int: Transfer] = [:]
    /// Cancelled before they came to be started.
    private var cancelled: Set<Int> = []
    private var idle: [UnsafeMutableRawPointer] = []

    init(multi: UInt, identity: TLSIdentity) {
        self.multi = UnsafeMutableRawPointer(bitPattern: multi)
        self.identity = identity
    }

    func run(commands: () -> [Transport.Command]) {
        while true {
            for command in commands() {
                switch command {
                case .start(let id, let call, let completion): start(id, call, completion)
                case .cancel(let id): cancel(id)
                case .stop: return stop()
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            var result = CURLE_OK
            while let easy = curl_next_done(multi, &result) {
                let transfer = Unmanaged<Transfer>.fromOpaque(curl_private_pointer(easy)).takeUnretainedValue()
                finish(transfer, transfer.outcome(of: result))
            }
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
    }

    private func start(_ id: Int, _ call: Call, _ completion: @escaping Transport.Completion) {
        guard cancelled.remove(id) == nil else { return completion(.failure(.cancelled)) }
        guard let easy = idle.popLast() ?? curl_easy_init() else { return completion(.failure(.notSent("out of memory"))) }
        let transfer = Transfer(id: id, easy: easy, call: call, completion: completion)
        transfer.prepare(identity)
        active[id] = transfer
        curl_multi_add_handle(multi, easy)
    }

    private func cancel(_ id: Int) {
        if let transfer = active[id] {
            finish(transfer, .failure(.cancelled))
        } else {
            cancelled.insert(id)
            if cancelled.count > 10_000 { cancelled.removeAll() }  // of transfers that had ended; ids are never used again
        }
    }

    /// The one way out: takes the handle back and completes.
    private func finish(_ transfer: Transfer, _ result: Result<Answer, TransportError>) {
        active[transfer.id] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.release()
        if idle.count < 32 {
            curl_easy_reset(transfer.easy)
            idle.append(transfer.easy)
        } else {
            curl_easy_cleanup(transfer.easy)
        }
        transfer.completion(result)
    }

    private func stop() {
        for transfer in active.values { finish(transfer, .failure(.cancelled)) }
        for easy in idle { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }
}

private final class Transfer {
    let id: Int
    let easy: UnsafeMutableRawPointer
    let completion: Transport.Completion
    private let call: Call
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var retryAfter: Int?
    private var isTooLarge = false
    private var hasAnswer = false

    init(id: Int, easy: UnsafeMutableRawPointer, call: Call, completion: @escaping Transport.Completion) {
        self.id = id
        self.easy = easy
        self.call = call
        self.completion = completion
    }

    func prepare(_ identity: TLSIdentity) {
        let context = Unmanaged.passUnretained(self).toOpaque()  // the loop's `active` keeps it
        curl_set_pointer(easy, CURLOPT_PRIVATE, context)
        curl_set_text(easy, CURLOPT_URL, call.url)
        curl_set_text(easy, CURLOPT_CUSTOMREQUEST, call.method)
        curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))  // GOAWAY of HTTP/2 bites libcurl
        curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        curl_set_long(easy, CURLOPT_TCP_KEEPIDLE, 15)
        curl_set_long(easy, CURLOPT_TCP_KEEPINTVL, 5)
        curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 5_000)
        curl_set_long(easy, CURLOPT_TIMEOUT_MS, max(1, call.timeout.milliseconds))
        curl_set_text(easy, CURLOPT_ACCEPT_ENCODING, nil)
        for header in call.headers + ["Expect:"] { headers = curl_slist_append(headers, header) }
        curl_set_list(easy, CURLOPT_HTTPHEADER, headers)
        if let body = call.body {
            curl_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
            body.withUnsafeBytes {
                _ = curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress))
            }
        }
        curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context, let bytes else { return 0 }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context, let bytes else { return 0 }
            Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        prepareTLS(identity)
    }

    private func prepareTLS(_ identity: TLSIdentity) {
        for (option, bytes) in [
            (CURLOPT_CAINFO_BLOB, identity.authority), (CURLOPT_SSLCERT_BLOB, identity.certificate),
            (CURLOPT_SSLKEY_BLOB, identity.key),
        ] {
            if let bytes { curl_set_blob(easy, option, bytes, bytes.count) }
        }
        if identity.isInsecure {
            curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let name = identity.serverName, let (url, target) = Transfer.renamed(call.url, to: name) {
            curl_set_text(easy, CURLOPT_URL, url)
            connectTo = curl_slist_append(nil, target)
            curl_set_list(easy, CURLOPT_CONNECT_TO, connectTo)
        }
        curl_set_text(easy, CURLOPT_PROXY, identity.proxy ?? "")  // never from the environment: a token would follow it
    }

    /// The address with another host, and where to connect for it: libcurl verifies the name it was asked for.
    private static func renamed(_ url: String, to name: String) -> (url: String, connectTo: String)? {
        guard var components = URLComponents(string: url), let host = components.host else { return nil }
        let port = components.port ?? 443
        components.host = name
        return components.string.map { ($0, "\(name):\(port):\(host):\(port)") }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        hasAnswer = true
        if let onBytes = call.onBytes, curl_response_code(easy) == 200 {
            onBytes(Array(bytes))
            return bytes.count
        }
        guard body.count + bytes.count <= call.limit else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        hasAnswer = true
        let line = String(decoding: bytes, as: UTF8.self).lowercased()
        guard line.hasPrefix("retry-after:") else { return }
        retryAfter = Int(line.dropFirst("retry-after:".count).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func outcome(of result: CURLcode) -> Result<Answer, TransportError> {
        switch result {
        case CURLE_OK: return .success(Answer(status: curl_response_code(easy), body: body, retryAfter: retryAfter))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_SSL_CONNECT_ERROR,
            CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_URL_MALFORMAT,
            CURLE_UNSUPPORTED_PROTOCOL:
            return .failure(.notSent(String(cString: curl_easy_strerror(result))))
        default:
            return .failure(isTooLarge ? .tooLarge : .broken(String(cString: curl_easy_strerror(result))))
        }
    }

    func release() {
        curl_slist_free_all(headers)
        curl_slist_free_all(connectTo)
        headers = nil
        connectTo = nil
    }
}

extension Duration {
    package var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
