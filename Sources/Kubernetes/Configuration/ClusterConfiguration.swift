/// Where an API server is and how to be known to it. Printing one shows no credential.
package struct ClusterConfiguration: Sendable {
    /// `https://10.0.0.1:6443`, with a path where the server lives below one.
    package var server: String
    /// PEM; nil for the machine's own certificate authorities.
    package var certificateAuthority: [UInt8]?
    /// PEM.
    package var clientCertificate: [UInt8]?
    /// PEM.
    package var clientKey: [UInt8]?
    package var token: TokenSource?
    /// The name in the server's certificate, where that is not the host of `server`.
    package var tlsServerName: String?
    /// Takes any certificate: for trying things out only.
    package var skipsVerification = false
    /// Nil for none; proxies in the environment are not used.
    package var proxyURL: String?
    package var defaultNamespace = "default"

    /// A server named directly, as the simulator is.
    package init(server: String, token: String? = nil) {
        self.server = server
        self.token = token.map(TokenSource.value)
    }

    func transferSettings(_ limits: KubernetesClient.Limits, _ address: ServerAddress) -> TransferSettings {
        TransferSettings(
            certificateAuthority: certificateAuthority, clientCertificate: clientCertificate, clientKey: clientKey,
            skipsVerification: skipsVerification, connectTo: address.connectTo, proxyURL: proxyURL,
            connectTimeout: limits.connectTimeout)
    }
}

extension ClusterConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String {
        var parts = [server, "namespace \(defaultNamespace)"]
        if clientCertificate != nil { parts.append("client certificate") }
        switch token {
        case .value: parts.append("token")
        case .file(let path): parts.append("token of \(path)")
        case nil: break
        }
        if skipsVerification { parts.append("certificate not verified") }
        return parts.joined(separator: ", ")
    }

    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}

/// Where the bearer token comes from.
package enum TokenSource: Sendable, Hashable {
    case value(String)
    /// A file that others renew, as the kubelet does with a service account's.
    case file(String)
}

extension TokenSource: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .value: "a token"
        case .file(let path): "the token in \(path)"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why the way to the cluster cannot be read: a sentence for whoever set it up.
package struct ClusterConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = Sentence.clean(description)
    }
}
