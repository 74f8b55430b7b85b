import Foundation
import JSON

extension ClusterConfiguration {
    /// The way to a cluster as a kubeconfig file tells it.
    ///
    /// - Parameters:
    ///   - path: one file; its relative paths start where it lies.
    ///   - context: instead of its `current-context`.
    /// - Throws: `ClusterConfigurationError` where the file cannot be read, contradicts itself, or wants what is not supported:
    ///   programs run for credentials (`exec`, `auth-provider`), user name and password, acting as another user.
    ///
    /// Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
    package static func kubeconfig(path: String, context: String? = nil) throws(ClusterConfigurationError) -> ClusterConfiguration {
        let file = try Kubeconfig(path: path)
        let context = try file.context(named: context)
        let cluster = try file.entry(try context.requiredString("cluster"), of: "clusters", as: "cluster")
        let user = try context.string("user").flatMap { $0.isEmpty ? nil : $0 }

        var configuration = ClusterConfiguration(server: try cluster.requiredString("server"))
        if let fault = ServerAddress.fault(in: configuration.server) { throw cluster.error("server \(fault)") }
        configuration.certificateAuthority = try cluster.pem("certificate-authority")
        configuration.skipsVerification = try cluster.bool("insecure-skip-tls-verify")
        configuration.tlsServerName = try cluster.string("tls-server-name")
        configuration.proxyURL = try cluster.string("proxy-url")
        if let namespace = try context.string("namespace"), !namespace.isEmpty { configuration.defaultNamespace = namespace }
        if configuration.skipsVerification, configuration.certificateAuthority != nil {
            throw cluster.error("certificate-authority and insecure-skip-tls-verify exclude each other")
        }
        if let user { try configuration.take(file.entry(user, of: "users", as: "user")) }
        return configuration
    }

    private mutating func take(_ user: Kubeconfig.Entry) throws(ClusterConfigurationError) {
        for plugin in ["exec", "auth-provider"] where user.has(plugin) {
            throw user.error(
                "\(plugin) runs a program for credentials, which is not supported: give a token or a client certificate")
        }
        for name in ["username", "password"] where user.has(name) {
            throw user.error("\(name): API servers take no passwords any more, give a token or a client certificate")
        }
        for name in ["as", "as-uid", "as-groups", "as-user-extra"] where user.has(name) {
            throw user.error("\(name): acting as another user is not supported")
        }
        clientCertificate = try user.pem("client-certificate")
        clientKey = try user.pem("client-key")
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw user.error("client-certificate and client-key belong together")
        }
        // As in kubectl, the file counts before the value.
        if let path = try user.path("tokenFile") {
            _ = try TokenCache.read(path)
            token = .file(path)
        } else if let value = try user.string("token") {
            guard TokenCache.isValid(value) else { throw user.error("token holds characters that no token has") }
            token = .value(value)
        }
    }
}

/// A kubeconfig file, read but not yet believed.
private struct Kubeconfig {
    /// The part of the file that has a name: a context, a cluster, a user.
    struct Entry {
        let title: String
        let json: JSONValue
        let directory: URL

        func error(_ text: String) -> ClusterConfigurationError { ClusterConfigurationError("\(title): \(text)") }

        func has(_ name: String) -> Bool { !(json[name]?.isNull ?? true) }

        func string(_ name: String) throws(ClusterConfigurationError) -> String? {
            guard let value = json[name], !value.isNull else { return nil }
            guard let string = value.string else { throw error("\(name) is not text") }
            return string.isEmpty ? nil : string
        }

        func requiredString(_ name: String) throws(ClusterConfigurationError) -> String {
            guard let value = try string(name) else { throw error("\(name) is missing") }
            return value
        }

        func bool(_ name: String) throws(ClusterConfigurationError) -> Bool {
            guard let value = json[name], !value.isNull else { return false }
            guard let bool = value.bool else { throw error("\(name) is neither true nor false") }
            return bool
        }

        func path(_ name: String) throws(ClusterConfigurationError) -> String? {
            try string(name).map { URL(fileURLWithPath: $0, relativeTo: directory).path }
        }

        /// Inline under `name-data`, which counts first, or in a file under `name`.
        func pem(_ name: String) throws(ClusterConfigurationError) -> [UInt8]? {
            let pem: [UInt8]
            if let text = try string("\(name)-data") {
                guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
                    throw error("\(name)-data is not base64")
                }
                pem = Array(data)
            } else if let path = try path(name) {
                pem = try ConfigurationFile.bytes(of: path)
            } else {
                return nil
            }
            guard String(decoding: pem, as: UTF8.self).contains("-----BEGIN ") else { throw error("\(name) is not PEM") }
            return pem
        }
    }

    private let path: String
    private let json: JSONValue

    init(path: String) throws(ClusterConfigurationError) {
        self.path = path
        do {
            json = try YAMLReader.document(try ConfigurationFile.bytes(of: path))
        } catch let error as YAMLError {
            throw ClusterConfigurationError("\(path) is not the YAML that is taken here: \(error.description)")
        } catch let error as ClusterConfigurationError {
            throw error
        } catch {
            throw ClusterConfigurationError("\(path): \(error)")
        }
        guard json.object != nil else { throw ClusterConfigurationError("\(path) is no kubeconfig") }
    }

    func context(named name: String?) throws(ClusterConfigurationError) -> Entry {
        guard let name = name ?? json["current-context"]?.string, !name.isEmpty else {
            throw ClusterConfigurationError("\(path) has no current-context")
        }
        return try entry(name, of: "contexts", as: "context")
    }

    func entry(_ name: String, of list: String, as member: String) throws(ClusterConfigurationError) -> Entry {
        let found = json[list]?.array?.first { $0["name"]?.string == name }
        guard let value = found?[member] else { throw ClusterConfigurationError("\(path) has no \(member) \(name)") }
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
        return Entry(title: "\(path): \(member) \(name)", json: value, directory: directory)
    }
}
