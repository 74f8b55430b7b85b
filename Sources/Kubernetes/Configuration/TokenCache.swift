import Foundation
import Synchronization

/// The bearer token of a client. One from a file is read again each minute, since the kubelet renews a service account's token long
/// before it expires, and at once after a 401 (kubernetes#68164).
final class TokenCache: Sendable {
    private struct State {
        var token: String?
        var readAt: ContinuousClock.Instant?
    }

    static let lifetime = Duration.seconds(60)

    private let source: TokenSource
    private let state = Mutex(State())

    init(_ source: TokenSource) {
        self.source = source
    }

    /// The newest token; one that was good a minute ago if its file cannot be read just now.
    func current(at now: ContinuousClock.Instant = .now) throws(ClusterConfigurationError) -> String {
        switch source {
        case .value(let token): return token
        case .file(let path):
            let cached = state.withLock { $0 }
            if let token = cached.token, let readAt = cached.readAt, now < readAt + TokenCache.lifetime { return token }
            do {
                let token = try TokenCache.read(path)
                state.withLock { $0 = State(token: token, readAt: now) }
                return token
            } catch {
                guard let token = cached.token else { throw error }
                return token
            }
        }
    }

    /// After a 401: true if there may be a newer token, which the next call will then use.
    func renew() -> Bool {
        guard case .file = source else { return false }
        state.withLock { $0.readAt = nil }
        return true
    }

    static func read(_ path: String) throws(ClusterConfigurationError) -> String {
        let text = String(decoding: try ConfigurationFile.bytes(of: path), as: UTF8.self)
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard isValid(token) else { throw ClusterConfigurationError("\(path) holds no bearer token") }
        return token
    }

    /// Anything else could add a header to a request.
    static func isValid(_ token: String) -> Bool {
        !token.isEmpty && token.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }
}
