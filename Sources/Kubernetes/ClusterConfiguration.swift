import Foundation
import Synchronization

/// Which API server, how to know it, and how to be known by it.
package struct ClusterConfiguration: Sendable {
    /// `https://host:port`, without a path at its end.
    package let server: String
    var identity = TLSIdentity()
    var token = TokenSource.none

    /// A server without TLS of its own: a simulator, a `kubectl proxy`.
    package init(server: String, token: String? = nil) {
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        if let token { self.token = .fixed(token) }
    }

    /// What a pod is given: `/var/run/secrets/kubernetes.io/serviceaccount`.
    /// - Throws: `ConfigurationError` outside of a pod.
    package static func inCluster(
        directory: String = "/var/run/secrets/kubernetes.io/serviceaccount",
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ClusterConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"] else {
            throw ConfigurationError("KUBECONFIG is not set and this is no pod: KUBERNETES_SERVICE_HOST is missing.")
        }
        var configuration = ClusterConfiguration(server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        configuration.identity.authority = try ConfigurationError.bytes(of: "\(directory)/ca.crt")
        configuration.token = .file(RotatingToken(path: "\(directory)/token"))
        return configuration
    }
}

/// Why there is no way to the cluster.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    static func bytes(of path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("The file \(path) cannot be read.")
        }
        return Array(data)
    }
}

enum TokenSource: Sendable {
    case none
    case fixed(String)
    case file(RotatingToken)

    /// - Throws: `KubernetesError` where the token's file cannot be read.
    func value(rereading: Bool = false) throws -> String? {
        switch self {
        case .none: nil
        case .fixed(let token): token
        case .file(let token): try token.value(rereading: rereading)
        }
    }
}

/// A token that is replaced on disk while we run (kubernetes issue 68164): read again each minute, and when it is refused.
final class RotatingToken: Sendable {
    private struct State {
        var token: String?
        var readAt = ContinuousClock.now
    }

    private let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    func value(rereading: Bool) throws -> String {
        try state.withLock { state in
            if let token = state.token, !rereading, .now - state.readAt < .seconds(60) { return token }
            guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
                throw KubernetesError(.unreachable("the token file \(path) cannot be read"))
            }
            let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            state.token = token
            state.readAt = .now
            return token
        }
    }
}
