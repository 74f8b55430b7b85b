import Foundation
import JSON
import Testing

@testable import Kubernetes

struct KubeconfigTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    func read(_ text: String, context: String? = nil) throws -> ClusterConfiguration {
        try ClusterConfiguration.kubeconfig(path: directory.write(text, to: "config"), context: context)
    }

    /// A file with one context, whose cluster and user have these lines.
    func file(cluster: String = "server: https://10.0.0.1:6443", user: String = "token: t0ken") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: one
        contexts:
        - name: one
          context: {cluster: c, user: u}
        clusters:
        - name: c
          cluster: {\(cluster)}
        users:
        - name: u
          user: {\(user)}
        """
    }

    static let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    static let base64 = Data(pem.utf8).base64EncodedString()

    @Test func `a context leads to its cluster and user`() throws {
        let text = """
            # written by a tool
            apiVersion: v1
            kind: Config
            preferences: {}
            current-context: "kind-dev"
            contexts:
            - context:
                cluster: other
                user: ""
              name: other
            - context:
                cluster: kind-dev
                namespace: shops
                user: kind-dev
              name: kind-dev
            clusters:
            - cluster:
                certificate-authority-data: \(KubeconfigTests.base64)
                server: https://127.0.0.1:34567/k8s/
                tls-server-name: kube.example
                proxy-url: http://proxy:3128
              name: kind-dev
            - cluster:
                insecure-skip-tls-verify: true
                server: "http://[::1]:8001"
              name: other
            users:
            - name: kind-dev
              user:
                client-certificate-data: \(KubeconfigTests.base64)
                client-key-data: \(KubeconfigTests.base64)
            """
        let dev = try read(text)
        #expect(dev.server == "https://127.0.0.1:34567/k8s/")
        #expect(dev.defaultNamespace == "shops")
        #expect(dev.tlsServerName == "kube.example")
        #expect(dev.proxyURL == "http://proxy:3128")
        #expect(dev.token == nil && !dev.skipsVerification)
        for pem in [dev.certificateAuthority, dev.clientCertificate, dev.clientKey] {
            #expect(pem == Array(KubeconfigTests.pem.utf8))
        }
        let other = try read(text, context: "other")
        #expect(other.server == "http://[::1]:8001")
        #expect(other.skipsVerification && other.clientKey == nil && other.defaultNamespace == "default")
    }

    @Test func `files are found beside the kubeconfig, inline data counts first`() throws {
        try directory.write(KubeconfigTests.pem, to: "pki/ca.crt")
        try directory.write("from-file\n", to: "token")
        let configuration = try read(
            file(
                cluster: "server: https://a, certificate-authority: pki/ca.crt", user: "token: inline, tokenFile: token"))
        #expect(configuration.certificateAuthority == Array(KubeconfigTests.pem.utf8))
        #expect(configuration.token == .file("\(directory.path)/token"))
        let inline = try read(
            file(cluster: "server: https://a, certificate-authority: absent, certificate-authority-data: \(KubeconfigTests.base64)")
        )
        #expect(inline.certificateAuthority == Array(KubeconfigTests.pem.utf8))
    }

    @Test(arguments: [
        ("exec: {command: aws}", "exec runs a program"), ("auth-provider: {name: gcp}", "auth-provider runs a program"),
        ("username: a, password: b", "no passwords"), ("token: t, as: root", "acting as another user"),
        ("client-certificate-data: \(base64)", "belong together"),
        ("client-certificate: absent, client-key: absent", "cannot be read"),
        ("client-certificate-data: '%', client-key-data: '%'", "not base64"),
        ("client-certificate-data: eA==, client-key-data: eA==", "not PEM"),
        ("token: 12", "not text"), ("token: \"a\\r\\nX: y\"", "characters that no token has"),
        ("tokenFile: absent", "cannot be read"),
    ])
    func `a user that is not supported is refused with a sentence`(user: String, sentence: String) {
        let error = #expect(throws: ClusterConfigurationError.self) { try read(file(user: user)) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("{}", "server is missing"), ("server: ftp://a", "neither https nor http"), ("server: 'https://'", "not a URL"),
        ("server: 'https://u:p@a'", "user name"), ("server: 'https://a?b=c'", "query"),
        ("server: https://a, certificate-authority-data: eA==", "not PEM"),
        ("server: https://a, insecure-skip-tls-verify: 'yes'", "neither true nor false"),
        ("server: https://a, insecure-skip-tls-verify: true, certificate-authority-data: \(base64)", "exclude each other"),
    ])
    func `a cluster that cannot be reached is refused with a sentence`(cluster: String, sentence: String) {
        let error = #expect(throws: ClusterConfigurationError.self) { try read(file(cluster: cluster == "{}" ? "" : cluster)) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("", "is no kubeconfig"), ("[]", "is no kubeconfig"), ("\u{0}", "YAML"), ("a: b: c", "YAML"),
        ("a: 1\na: 2", "the key a a second time"),
        ("a: &x 1\nb: *x", "an anchor"), ("a: *x", "an alias"), ("a: !!str 1", "a tag"),
        ("{a: 1}\n---\n{b: 1}", "a second document"),
        ("? [a]\n: b", "a key that is not text"), (String(repeating: "[", count: 100), "too deep"),
        ("kind: Config", "no current-context"),
        ("current-context: a", "no context a"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: c}}]", "no cluster c"),
    ])
    func `a file that is no kubeconfig is refused with a sentence`(text: String, sentence: String) {
        let error = #expect(throws: ClusterConfigurationError.self) { try read(text) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test func `an absent or huge file is refused`() throws {
        #expect(throws: ClusterConfigurationError.self) { try ClusterConfiguration.kubeconfig(path: "\(directory.path)/absent") }
        #expect(throws: ClusterConfigurationError.self) { try read(String(repeating: "#", count: ConfigurationFile.largest + 1)) }
    }

    @Test func `printing shows no credential`() throws {
        let configuration = try read(
            file(
                user:
                    "token: planted, client-certificate-data: \(KubeconfigTests.base64), client-key-data: \(KubeconfigTests.base64)"
            ))
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(configuration.token, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped, "\(configuration.token as Any)"] {
            #expect(!text.contains("planted") && !text.contains("45, 45"))
        }
    }

    // MARK: In a pod

    @Test func `a pod finds its cluster and its account`() throws {
        try directory.write(KubeconfigTests.pem, to: "ca.crt")
        try directory.write("t0ken", to: "token")
        try directory.write("platform\n", to: "namespace")
        let configuration = try ClusterConfiguration.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"], directory: directory.path)
        #expect(configuration.server == "https://[fd00::1]:443")
        #expect(configuration.defaultNamespace == "platform")
        #expect(configuration.token == .file("\(directory.path)/token"))
        #expect(throws: ClusterConfigurationError.self) {
            try ClusterConfiguration.inCluster(environment: [:], directory: directory.path)
        }
    }

    @Test func `a token is read again after a minute, and the old one kept while the file is away`() throws {
        let path = try directory.write("one", to: "token")
        let cache = TokenCache(.file(path))
        let start = ContinuousClock.now
        #expect(try cache.current(at: start) == "one")
        try directory.write("two", to: "token")
        #expect(try cache.current(at: start + .seconds(59)) == "one")
        #expect(try cache.current(at: start + .seconds(60)) == "two")
        try FileManager.default.removeItem(atPath: path)
        #expect(try cache.current(at: start + .seconds(200)) == "two")
        #expect(throws: ClusterConfigurationError.self) { try TokenCache(.file(path)).current() }
    }

    // MARK: YAML

    @Test func `scalars are what YAML's core schema makes of them`() throws {
        let yaml =
            "{a: 1, b: -1.5e3, c: '1', d: \"x\\ty\", e: ~, f: null, g: , h: True, i: yes, j: 0x1F, k: 1.2.3, l: 2026-11-23, m: -}"
        let expected: JSONValue = [
            "a": 1, "b": -1500.0, "c": "1", "d": "x\ty", "e": .null, "f": .null, "g": .null, "h": true, "i": "yes", "j": "0x1F",
            "k": "1.2.3",
            "l": "2026-11-23", "m": "-",
        ]
        #expect(try YAMLReader.document(Array(yaml.utf8)) == expected)
        #expect(try YAMLReader.document(Array("a: |\n  x\n  y\nb: >-\n  x\n  y\n".utf8)) == ["a": "x\ny\n", "b": "x y"])
        #expect(try YAMLReader.document([]) == .null)
    }
}
