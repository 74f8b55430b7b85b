import CCurl

/// What every connection to one server has in common.
struct TransferSettings: Sendable {
    /// PEM; nil for the machine's own certificate authorities.
    var certificateAuthority: [UInt8]?
    var clientCertificate: [UInt8]?
    var clientKey: [UInt8]?
    var skipsVerification = false
    /// `CURLOPT_CONNECT_TO`: where to connect instead of to the URL's host, whose name is then only the one to verify.
    var connectTo: String?
    var proxyURL: String?
    var connectTimeout: Duration = .seconds(5)

    /// Gives the code of each call.
    func apply(to easy: UnsafeMutableRawPointer, url: String) -> [CURLcode] {
        var codes = [
            curl_easy_set_string(easy, CURLOPT_URL, url),
            curl_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            // libcurl would otherwise resolve `..` in the path: a name must never reach another object.
            curl_easy_set_long(easy, CURLOPT_PATH_AS_IS, 1),
            curl_easy_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            curl_easy_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            curl_easy_set_long(easy, CURLOPT_NOSIGNAL, 1),
            // Giving up a name lookup must not wait for the lookup's thread.
            curl_easy_set_long(easy, CURLOPT_QUICK_EXIT, 1),
            curl_easy_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, connectTimeout.milliseconds),
            curl_easy_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1),
            curl_easy_set_long(easy, CURLOPT_TCP_KEEPIDLE, 30),
            curl_easy_set_long(easy, CURLOPT_TCP_KEEPINTVL, 10),
            // An empty name is no proxy at all, `https_proxy` in the environment notwithstanding.
            curl_easy_set_string(easy, CURLOPT_PROXY, proxyURL ?? ""),
            curl_easy_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            curl_easy_set_long(easy, CURLOPT_SSL_VERIFYPEER, skipsVerification ? 0 : 1),
            curl_easy_set_long(easy, CURLOPT_SSL_VERIFYHOST, skipsVerification ? 0 : 2),
        ]
        if let certificateAuthority {
            codes.append(set(certificateAuthority, as: CURLOPT_CAINFO_BLOB, on: easy))
            // Without this, libcurl goes on trusting the machine's directory of authorities as well.
            codes.append(curl_easy_set_string(easy, CURLOPT_CAPATH, nil))
        }
        if let clientCertificate { codes.append(set(clientCertificate, as: CURLOPT_SSLCERT_BLOB, on: easy)) }
        if let clientKey { codes.append(set(clientKey, as: CURLOPT_SSLKEY_BLOB, on: easy)) }
        return codes
    }

    private func set(_ pem: [UInt8], as option: CURLoption, on easy: UnsafeMutableRawPointer) -> CURLcode {
        pem.withUnsafeBytes { curl_easy_set_blob(easy, option, $0.baseAddress, $0.count) }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
