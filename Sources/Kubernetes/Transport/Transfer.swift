import CCurl

/// One transfer on libcurl: an easy handle, what was set on it, and what has arrived. Lives on the transfer thread alone.
final class Transfer {
    enum Sink: Sendable {
        case answer(CheckedContinuation<Result<HTTPAnswer, TransferFailure>, Never>)
        case stream(StreamBuffer)
    }

    let call: HTTPCall
    let sink: Sink
    let easy: UnsafeMutableRawPointer
    private let startedAt = ContinuousClock.now
    private var lastHeardAt = ContinuousClock.now
    private var isPaused = false
    private var head = AnswerHead()
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var headerLines: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// Nil if there is no memory for it.
    init?(_ call: HTTPCall, sink: Sink) {
        guard let easy = curl_easy_init() else {
            errorText.deallocate()
            return nil
        }
        self.call = call
        self.sink = sink
        self.easy = easy
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerLines)
        curl_slist_free_all(connectTo)
        errorText.deallocate()
    }

    /// Sets every option; returns the first refusal.
    func prepare(_ settings: TransferSettings) -> TransferFailure? {
        for line in call.headers {
            guard let longer = curl_slist_append(headerLines, line) else { return .hopeless("out of memory") }
            headerLines = longer
        }
        connectTo = settings.connectTo.flatMap { curl_slist_append(nil, $0) }
        let context = Unmanaged.passUnretained(self).toOpaque()
        var codes = settings.apply(to: easy, url: call.url)
        codes += [
            curl_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, call.method),
            curl_easy_set_list(easy, CURLOPT_HTTPHEADER, headerLines),
            curl_easy_set_list(easy, CURLOPT_CONNECT_TO, connectTo),
            curl_easy_set_long(easy, CURLOPT_FRESH_CONNECT, call.isRepeatable ? 0 : 1),
            curl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText),
            curl_easy_set_pointer(easy, CURLOPT_WRITEDATA, context),
            curl_easy_set_callback(easy, CURLOPT_WRITEFUNCTION, bodyArrived),
            curl_easy_set_pointer(easy, CURLOPT_HEADERDATA, context),
            curl_easy_set_callback(easy, CURLOPT_HEADERFUNCTION, headerArrived),
        ]
        if let body = call.body {
            codes.append(body.withUnsafeBytes { curl_easy_set_body(easy, $0.baseAddress, $0.count) })
        }
        return codes.first { $0 != CURLE_OK }.map { .hopeless(String(cString: curl_easy_strerror($0))) }
    }

    // MARK: Time

    /// When it is to be given up if nothing else happens.
    var expiry: ContinuousClock.Instant {
        var expiry = startedAt + call.timeout
        if let deadline = call.deadline { expiry = min(expiry, deadline) }
        // A paused stream is silent because its reader is slow.
        if let silence = call.silence, !isPaused { expiry = min(expiry, lastHeardAt + silence) }
        return expiry
    }

    // MARK: Arrival

    fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        lastHeardAt = .now
        head.read(String(decoding: line.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self))
        return line.count
    }

    fileprivate func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastHeardAt = .now
        head.status = curl_easy_get_long(easy, CURLINFO_RESPONSE_CODE)
        switch sink {
        case .stream(let buffer):
            isPaused = !buffer.receive(bytes, head: head)
            return isPaused ? Int(CURL_WRITEFUNC_PAUSE) : bytes.count
        case .answer:
            guard body.count + bytes.count <= call.byteLimit else {
                isTooLarge = true
                return 0
            }
            body.append(contentsOf: bytes)
            return bytes.count
        }
    }

    /// The reader has made room.
    func proceed() {
        guard isPaused else { return }
        isPaused = false
        lastHeardAt = .now
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    // MARK: The end

    /// What libcurl's verdict means.
    func failure(for code: CURLcode) -> TransferFailure? {
        let text = String(cString: errorText)
        let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        return switch code {
        case CURLE_OK: nil
        case CURLE_WRITE_ERROR where isTooLarge: .tooLarge
        // The only timer that libcurl keeps for us is the one of connecting.
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
            CURLE_OPERATION_TIMEDOUT:
            .notSent(reason)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_OUT_OF_MEMORY, CURLE_WEIRD_SERVER_REPLY:
            .hopeless(reason)
        default: .interrupted(reason)
        }
    }

    func deliver(_ failure: TransferFailure?) {
        head.status = curl_easy_get_long(easy, CURLINFO_RESPONSE_CODE)
        head.connectionsOpened = curl_easy_get_long(easy, CURLINFO_NUM_CONNECTS)
        switch sink {
        case .stream(let buffer): buffer.finish(failure, head: head)
        case .answer(let continuation):
            continuation.resume(returning: failure.map(Result.failure) ?? .success(HTTPAnswer(head: head, body: body)))
        }
    }
}

private let bodyArrived: curl_write_callback = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private let headerArrived: curl_write_callback = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
}
