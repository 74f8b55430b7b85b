import CommandTesting
import Foundation
import Glibc
import JSON
import Testing

@testable import Kubernetes

/// Certificates against `openssl s_server`, which demands one of the client.
@Suite(.timeLimit(.minutes(1)), .serialized)
struct TLSTests {
    /// A throwaway authority, a server's certificate for `kube.example` alone, and a client's.
    struct Authority {
        let directory: TemporaryDirectory

        init() async throws {
            directory = try TemporaryDirectory()
            try directory.write("subjectAltName=DNS:kube.example\n", to: "server.ext")
            try directory.write("extendedKeyUsage=clientAuth\n", to: "client.ext")
            let curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            for name in ["ca", "other"] {
                try await openssl("req -x509 -days 1 -subj /CN=\(name) -keyout \(name).key -out \(name).crt \(curve)")
            }
            for name in ["server", "client"] {
                try await openssl("req -subj /CN=\(name) -keyout \(name).key -out \(name).csr \(curve)")
                try await openssl(
                    "x509 -req -days 1 -in \(name).csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile \(name).ext -out \(name).crt"
                )
            }
            let answer = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\(configMap("a", version: 1).text)"
            try directory.write(answer, to: "api/v1/namespaces/a/configmaps/a")
        }

        private func openssl(_ arguments: String) async throws {
            _ = try await output(of: "cd '\(directory.path)' && openssl \(arguments) 2>/dev/null")
        }

        func pem(_ name: String) throws -> [UInt8] { try ConfigurationFile.bytes(of: "\(directory.path)/\(name)") }

        /// Runs a server for the time of the body, which gets its port.
        func withServer(_ body: (Int) async throws -> Void) async throws {
            let server = "openssl s_server -accept 127.0.0.1:0 -HTTP -cert server.crt -key server.key -CAfile ca.crt -Verify 1"
            let printed = lines(of: "cd '\(directory.path)' && echo PID:$$ && exec \(server) -verify_return_error 2>/dev/null")
            var (pid, isServed) = (pid_t(0), false)
            do {
                for try await line in printed {
                    // `PID:123`, then among others `ACCEPT 127.0.0.1:41234`.
                    let number = line.split(whereSeparator: { ":\n".contains($0) }).last.flatMap { Int($0) }
                    if line.hasPrefix("PID:") { pid = pid_t(try #require(number)) }
                    guard line.hasPrefix("ACCEPT "), !isServed else { continue }
                    isServed = true
                    defer { kill(pid, SIGKILL) }
                    try await body(try #require(number))
                }
            } catch let end as CommandFailed where isServed && end.status == SIGKILL {
                // as it was told to
            }
            try #require(isServed)
        }
    }

    func call(_ configuration: ClusterConfiguration) async -> KubernetesError? {
        let client = KubernetesClient(configuration: configuration, limits: quick())
        return await failure { () throws(KubernetesError) in try await client.get(configMapA) }
    }

    @Test func `both sides prove who they are, the server by the name it is known under`() async throws {
        let authority = try await Authority()
        try await authority.withServer { port in
            var configuration = ClusterConfiguration(server: "https://127.0.0.1:\(port)")
            configuration.certificateAuthority = try authority.pem("ca.crt")
            configuration.clientCertificate = try authority.pem("client.crt")
            configuration.clientKey = try authority.pem("client.key")
            configuration.tlsServerName = "kube.example"
            #expect(await call(configuration) == nil)

            var misnamed = configuration
            misnamed.tlsServerName = nil
            #expect(await call(misnamed)?.isUnreachable == true)

            var distrusted = configuration
            distrusted.certificateAuthority = try authority.pem("other.crt")
            #expect(await call(distrusted)?.isUnreachable == true)

            var unknown = configuration
            unknown.certificateAuthority = nil
            #expect(await call(unknown)?.isUnreachable == true)

            var nameless = configuration
            nameless.clientCertificate = nil
            nameless.clientKey = nil
            #expect(await call(nameless)?.isUnreachable == true)

            var mismatched = configuration
            mismatched.clientKey = try authority.pem("server.key")
            #expect(await call(mismatched)?.isUnreachable == true)

            var careless = configuration
            careless.tlsServerName = nil
            careless.certificateAuthority = nil
            careless.skipsVerification = true
            #expect(await call(careless) == nil)
        }
    }

    @Test func `a kubeconfig leads all the way`() async throws {
        let authority = try await Authority()
        try await authority.withServer { port in
            let path = try authority.directory.write(
                """
                current-context: one
                contexts: [{name: one, context: {cluster: c, user: u}}]
                clusters:
                - name: c
                  cluster: {server: "https://localhost:\(port)/", certificate-authority: ca.crt, tls-server-name: kube.example}
                users: [{name: u, user: {client-certificate: client.crt, client-key: client.key}}]
                """, to: "config")
            #expect(await call(try ClusterConfiguration.kubeconfig(path: path)) == nil)
        }
    }
}
