import Foundation

extension ClusterConfiguration {
    /// The way to the cluster that this process runs in: the environment names the server, the service account is mounted as files.
    ///
    /// - Parameters:
    ///   - environment: the process's own unless given.
    ///   - directory: where the kubelet mounts the service account.
    /// - Throws: `ClusterConfigurationError` if this is no pod, or one without a service account's token.
    package static func inCluster(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        directory: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws(ClusterConfigurationError) -> ClusterConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else { throw ClusterConfigurationError("this process does not run in a pod: KUBERNETES_SERVICE_HOST is not set") }
        var configuration = ClusterConfiguration(server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        configuration.certificateAuthority = try ConfigurationFile.bytes(of: "\(directory)/ca.crt")
        _ = try TokenCache.read("\(directory)/token")
        configuration.token = .file("\(directory)/token")
        let namespace = String(decoding: try ConfigurationFile.bytes(of: "\(directory)/namespace"), as: UTF8.self)
        configuration.defaultNamespace = namespace.trimmingCharacters(in: .whitespacesAndNewlines)
        return configuration
    }
}
