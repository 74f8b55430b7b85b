import Foundation
import JSON

extension ClusterConfiguration {
    /// The cluster and user of a context of a kubeconfig file; without a name, of its current one.
    ///
    /// Paths in the file are relative to it. Users that run a program or a plug-in for their credentials are refused: a service has nobody to
    /// log in, and its environment is not the one they were set up in.
    /// - Throws: `ConfigurationError` with the file and what is wrong in it.
    package static func kubeconfig(path: String, context name: String? = nil) throws -> ClusterConfiguration {
        let file = Kubeconfig(path: path, document: try parse(path))
        let contextName = try name ?? file.string(file.document["current-context"], "current-context")
        let context = try file.entry("contexts", contextName, "context")
        let cluster = try file.entry("clusters", file.string(context["cluster"], "the context's cluster"), "cluster")
        var configuration = ClusterConfiguration(server: try file.string(cluster["server"], "the cluster's server"))
        configuration.identity = try file.identity(of: cluster, server: configuration.server)
        guard let userName = context["user"]?.string, !userName.isEmpty else { return configuration }
        let user = try file.entry("users", userName, "user")
        for plugin in ["exec", "auth-provider"] where user[plugin]?.isNull == false {
            throw file.error("the user \(userName) gets its credentials from “\(plugin)”; give it a token or a client certificate")
        }
        configuration.identity.certificate = try file.bytes(user, "client-certificate")
        configuration.identity.key = try file.bytes(user, "client-key")
        if let tokenFile = user["tokenFile"]?.string {
            configuration.token = .file(RotatingToken(path: file.resolve(tokenFile)))
        } else if let token = user["token"]?.string {
            configuration.token = .fixed(token)
        }
        return configuration
    }

    private static func parse(_ path: String) throws -> JSONValue {
        do {
            return try YAML.parse(try ConfigurationError.bytes(of: path))
        } catch let failure as YAML.Failure {
            throw ConfigurationError("The kubeconfig \(path) cannot be read: \(failure).")
        }
    }
}

private struct Kubeconfig {
    let path: String
    let document: JSONValue

    func error(_ what: String) -> ConfigurationError { ConfigurationError("The kubeconfig \(path) cannot be used: \(what).") }

    func string(_ value: JSONValue?, _ what: String) throws -> String {
        guard let text = value?.string, !text.isEmpty else { throw error("\(what) is missing") }
        return text
    }

    /// The body of the entry of that name in a list of `{name, context|cluster|user}`.
    func entry(_ list: String, _ name: String, _ member: String) throws -> JSONValue {
        guard let entry = document[list]?.array?.first(where: { $0["name"]?.string == name })?[member] else {
            throw error("it has no \(member) “\(name)”")
        }
        return entry
    }

    func resolve(_ file: String) -> String {
        file.hasPrefix("/") ? file : URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(file).path
    }

    /// `name-data` in Base64, or the file that `name` points to.
    func bytes(_ object: JSONValue, _ name: String) throws -> [UInt8]? {
        if let text = object["\(name)-data"]?.string {
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
                throw error("\(name)-data is not Base64")
            }
            return Array(data)
        }
        return try object[name]?.string.map { try ConfigurationError.bytes(of: resolve($0)) }
    }

    func identity(of cluster: JSONValue, server: String) throws -> TLSIdentity {
        var identity = TLSIdentity()
        identity.authority = try bytes(cluster, "certificate-authority")
        identity.isInsecure = cluster["insecure-skip-tls-verify"]?.bool ?? false
        identity.proxy = cluster["proxy-url"]?.string
        if let name = cluster["tls-server-name"]?.string { identity.serverName = name }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw error("the server \(server) is no http or https address")
        }
        return identity
    }
}
