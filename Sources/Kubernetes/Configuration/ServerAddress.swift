import CCurl

/// A server's URL taken apart as far as requests to it need.
struct ServerAddress: Sendable, Hashable {
    /// What the path of a request is appended to.
    let base: String
    /// `name:port:host:port`: whoever asks for the first two is to be connected to the others.
    let connectTo: String?
    /// What the server is to be told it is called, where the URL names somebody else.
    let hostHeader: String?

    /// With `tlsServerName` the URL is made to name that, since libcurl verifies the certificate against the URL's host.
    init(_ configuration: ClusterConfiguration) {
        let server = configuration.server
        let trimmed = String(server.reversed().drop { $0 == "/" }.reversed())
        if let name = configuration.tlsServerName, let parts = URLParts(server), parts.scheme == "https" {
            base = "https://\(name):\(parts.port)" + (parts.path == "/" ? "" : parts.path)
            connectTo = "\(name):\(parts.port):\(parts.host):\(parts.port)"
            hostHeader = "\(parts.host):\(parts.port)"
        } else {
            base = trimmed
            connectTo = nil
            hostHeader = nil
        }
    }

    /// What is wrong with a server's URL; nil if nothing is.
    static func fault(in server: String) -> String? {
        guard let parts = URLParts(server) else { return "is not a URL" }
        guard parts.scheme == "https" || parts.scheme == "http" else { return "is neither https nor http" }
        guard !parts.hasUser else { return "holds a user name, which is not supported" }
        guard !parts.hasQuery else { return "has a query" }
        return nil
    }
}

/// A URL as libcurl understands it, so that nothing is checked here that means another thing there.
private struct URLParts {
    let scheme: String
    /// An IPv6 address with its brackets.
    let host: String
    let port: String
    let path: String
    let hasUser: Bool
    let hasQuery: Bool

    init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK,
            let scheme = URLParts.part(CURLUPART_SCHEME, of: handle),
            let host = URLParts.part(CURLUPART_HOST, of: handle), !host.isEmpty,
            let port = URLParts.part(CURLUPART_PORT, of: handle, flags: UInt32(CURLU_DEFAULT_PORT))
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
        path = URLParts.part(CURLUPART_PATH, of: handle) ?? "/"
        hasUser = URLParts.part(CURLUPART_USER, of: handle) != nil
        hasQuery = URLParts.part(CURLUPART_QUERY, of: handle) != nil
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer, flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
