import API
import Engines
import Foundation
import HTTP
import JSON
import Kubernetes
import Postgres
import Services
import Stores

/// What the environment says, read once. Every problem is found before the first is told.
struct Configuration: Sendable {
    enum Role: String, Sendable, CaseIterable { case all, api, worker }

    var host = "127.0.0.1"
    var port = 8080
    var postgres = PostgresConfiguration(url: "")
    var cluster = ClusterConfiguration(server: "")
    var platform = PlatformConfiguration()
    var provisioner = Provisioner.Settings()
    var unknownNamespaces = Reconciler.UnknownNamespaces.adopt
    var clusterCallsPerSecond = 1000
    var role = Role.all
    /// How many stores may live at a time, of all accounts; nil is without limit.
    var maximumStores: Int?
    /// Whether a store is refused for which the nodes have no room.
    var checksRoom = true
    var limits = RateLimiter.Settings()
    /// Nil is without limit.
    var connectionsPerAddress: Int? = 64
    var signIn = SignInSettings()
    var sessionLifetime: Duration = .seconds(12 * 3600)
    var administratorToken: String?
    var webRoot: URL?
    var migrations: URL
    /// Between saying that it is not ready and accepting no more: load balancers need a moment to notice.
    var drainPause: Duration = .seconds(5)
    /// As it was read, for `check`; secrets masked.
    private(set) var shown: [(name: String, value: String)] = []

    struct Invalid: Error {
        let problems: [String]
    }

    private init() { migrations = URL(fileURLWithPath: "migrations") }

    /// Only what goes into the manifests of stores: for what needs neither database nor cluster.
    static func platform(environment: [String: String]) throws(Invalid) -> PlatformConfiguration {
        try part(of: environment) { $0.readPlatform(&$1) }.platform
    }

    /// Only where the database is and what makes it: for what needs no cluster.
    static func database(environment: [String: String]) throws(Invalid) -> (postgres: PostgresConfiguration, migrations: URL) {
        let configuration = try part(of: environment) { $0.readDatabase(&$1) }
        return (configuration.postgres, configuration.migrations)
    }

    private static func part(
        of environment: [String: String], _ read: (inout Configuration, inout EnvironmentReader) -> Void
    ) throws(Invalid) -> Configuration {
        var configuration = Configuration()
        var reader = EnvironmentReader(environment)
        read(&configuration, &reader)
        guard reader.problems.isEmpty else { throw Invalid(problems: reader.problems) }
        return configuration
    }

    init(environment: [String: String]) throws(Invalid) {
        self.init()
        var reader = EnvironmentReader(environment)
        readDatabase(&reader)
        if let listen = reader.text("STORE_PLATFORM_LISTEN") {
            let colon = listen.lastIndex(of: ":")
            let number = colon.flatMap { Int(listen[listen.index(after: $0)...]) }
            if let colon, let number, (0...65_535).contains(number) {
                host = listen[..<colon].trimmingCharacters(in: ["[", "]"])
                port = number
            } else {
                reader.complain("STORE_PLATFORM_LISTEN must be ADDRESS:PORT, as 127.0.0.1:8080")
            }
        }
        role = reader.choice("STORE_PLATFORM_ROLE", Role.allCases) ?? .all
        readPlatform(&reader)
        readCluster(&reader, environment)
        if let number = reader.number("STORE_PLATFORM_CONCURRENCY", 1...256) { provisioner.concurrency = number }
        if let seconds = reader.number("STORE_PLATFORM_PROVISION_TIMEOUT", 1...86_400) { provisioner.timeout = .seconds(seconds) }
        unknownNamespaces =
            reader.choice("STORE_PLATFORM_UNKNOWN_NAMESPACES", Reconciler.UnknownNamespaces.allCases) ?? .adopt
        if let calls = reader.number("STORE_PLATFORM_CLUSTER_CALLS_PER_SECOND", 1...100_000) { clusterCallsPerSecond = calls }
        if let seconds = reader.number("STORE_PLATFORM_LEASE", 2...600) { provisioner.lease = .seconds(seconds) }
        if let seconds = reader.number("STORE_PLATFORM_DRAIN_PAUSE", 0...60) { drainPause = .seconds(seconds) }
        maximumStores = reader.number("STORE_PLATFORM_MAX_STORES", 0...1_000_000)
        checksRoom = reader.choice("STORE_PLATFORM_CHECK_ROOM", Switch.allCases) != .off
        readAccess(&reader)
        administratorToken = reader.secret("STORE_PLATFORM_ADMIN_TOKEN")
        if let token = administratorToken, token.utf8.count < 16 {
            reader.complain("STORE_PLATFORM_ADMIN_TOKEN must have at least 16 characters")
        }
        webRoot = reader.text("STORE_PLATFORM_WEB_ROOT").map { URL(fileURLWithPath: $0) }
        shown = reader.shown
        guard reader.problems.isEmpty else { throw Invalid(problems: reader.problems) }
    }

    private mutating func readDatabase(_ reader: inout EnvironmentReader) {
        migrations = URL(fileURLWithPath: reader.text("STORE_PLATFORM_MIGRATIONS") ?? "migrations")
        if let url = reader.secret("DATABASE_URL") {
            postgres = PostgresConfiguration(url: url)
        } else {
            reader.complain("DATABASE_URL is missing: postgresql://user:password@host/database")
        }
    }

    private mutating func readAccess(_ reader: inout EnvironmentReader) {
        limits.requests = reader.limit("STORE_PLATFORM_LIMIT_REQUESTS", else: limits.requests)
        limits.address = reader.limit("STORE_PLATFORM_LIMIT_ADDRESS", else: limits.address)
        limits.orders = reader.limit("STORE_PLATFORM_LIMIT_ORDERS", else: limits.orders)
        limits.failures = reader.limit("STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES", else: limits.failures)
        limits.refusals = reader.limit("STORE_PLATFORM_LIMIT_REFUSAL_RECORDS", else: limits.refusals)
        if let streams = reader.number("STORE_PLATFORM_LIMIT_STREAMS", 0...1024) { limits.streams = streams == 0 ? nil : streams }
        if let connections = reader.number("STORE_PLATFORM_LIMIT_CONNECTIONS", 0...1024) {
            connectionsPerAddress = connections == 0 ? nil : connections
        }
        if let seconds = reader.number("STORE_PLATFORM_SESSION_LIFETIME", 1...31_536_000) { sessionLifetime = .seconds(seconds) }
        signIn.isSecure = platform.publicScheme == "https"
        let shapes = "must be address ranges with commas between them, as 10.0.0.0/8, 127.0.0.1"
        signIn.trustedProxies = reader.list("STORE_PLATFORM_TRUSTED_PROXIES", shapes) { AddressRange($0) }
        let grants =
            "must be group=role or group=role:account with commas between them, as shop-admins=admin, shops=merchant:default"
        signIn.proxyRoles = reader.list("STORE_PLATFORM_PROXY_ROLES", grants) { ProxyRole($0) }
        if !signIn.proxyRoles.isEmpty, signIn.trustedProxies.isEmpty {
            reader.complain(
                "STORE_PLATFORM_PROXY_ROLES needs STORE_PLATFORM_TRUSTED_PROXIES: whose word is taken for who somebody is")
        }
    }

    private mutating func readPlatform(_ reader: inout EnvironmentReader) {
        if let id = reader.text("STORE_PLATFORM_INSTALL_ID") {
            if id.range(of: "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", options: .regularExpression) == nil {
                reader.complain("STORE_PLATFORM_INSTALL_ID must be a label value of Kubernetes: letters, digits, - _ .")
            }
            platform.installID = id
        }
        if let domain = reader.text("STORE_PLATFORM_BASE_DOMAIN") {
            if domain.range(of: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?\\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$", options: .regularExpression)
                == nil
            {
                reader.complain("STORE_PLATFORM_BASE_DOMAIN must be a domain in lower case, as shops.example.com")
            }
            platform.baseDomain = domain
        }
        if let scheme = reader.text("STORE_PLATFORM_PUBLIC_SCHEME") {
            if !["http", "https"].contains(scheme) { reader.complain("STORE_PLATFORM_PUBLIC_SCHEME must be http or https") }
            platform.publicScheme = scheme
        }
        platform.publicPort = reader.number("STORE_PLATFORM_PUBLIC_PORT", 1...65_535)
        platform.ingressClass = reader.text("STORE_PLATFORM_INGRESS_CLASS")
        platform.storageClass = reader.text("STORE_PLATFORM_STORAGE_CLASS")
        if let issuer = reader.text("STORE_PLATFORM_TLS_ISSUER") {
            if issuer.range(of: "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$", options: .regularExpression) == nil {
                reader.complain("STORE_PLATFORM_TLS_ISSUER must be the name of a ClusterIssuer of cert-manager")
            }
            platform.tlsIssuer = issuer
        }
        platform.usesDefaultCertificate = reader.choice("STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE", Switch.allCases) == .on
        if platform.tlsIssuer != nil || platform.usesDefaultCertificate, platform.publicScheme != "https" {
            reader.complain("STORE_PLATFORM_PUBLIC_SCHEME must be https where shops are served over TLS")
        }
        readImages(&reader)
    }

    private enum Switch: String, CaseIterable { case on, off }

    private mutating func readImages(_ reader: inout EnvironmentReader) {
        let prefixes = (reader.text("STORE_PLATFORM_IMAGE_PREFIXES") ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for image in ImageName.allCases {
            let variable = "STORE_PLATFORM_IMAGE_\(image.rawValue)"
            if let given = reader.text(variable) {
                if given.range(of: "^[a-z0-9][a-z0-9._:/@-]{0,254}$", options: [.regularExpression, .caseInsensitive]) == nil {
                    reader.complain("\(variable) must be the name of an image, as registry.example.com/shop:1.2")
                }
                platform.images[image] = given
            }
            let name = platform.images[image] ?? image.standard
            if !prefixes.isEmpty, !prefixes.contains(where: { name.hasPrefix($0) }) {
                reader.complain(
                    "\(variable): “\(name)” begins with none of STORE_PLATFORM_IMAGE_PREFIXES (\(prefixes.joined(separator: ", ")))"
                )
            }
        }
        guard let path = reader.text("STORE_PLATFORM_REGISTRY_CONFIG") else { return }
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            guard try JSONValue(parsing: Array(text.utf8))["auths"]?.object != nil else {
                return reader.complain(
                    "STORE_PLATFORM_REGISTRY_CONFIG: \(path) has no “auths”: it must be a Docker configuration (config.json)")
            }
            platform.registryConfiguration = text
        } catch {
            reader.complain("STORE_PLATFORM_REGISTRY_CONFIG: \(path) cannot be read as JSON")
        }
    }

    private mutating func readCluster(_ reader: inout EnvironmentReader, _ environment: [String: String]) {
        do {
            if let path = reader.text("KUBECONFIG") {
                cluster = try .kubeconfig(path: path)
            } else {
                cluster = try .inCluster(environment: environment)
            }
        } catch {
            reader.complain("\(error)")
        }
    }
}

/// Takes values from the environment and keeps what is wrong with them.
private struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var problems: [String] = []
    private(set) var shown: [(name: String, value: String)] = []

    init(_ environment: [String: String]) { self.environment = environment }

    mutating func complain(_ problem: String) { problems.append(problem) }

    mutating func text(_ name: String) -> String? {
        let value = environment[name].flatMap { $0.isEmpty ? nil : $0 }
        shown.append((name, value ?? "(not set)"))
        return value
    }

    mutating func secret(_ name: String) -> String? {
        let value = environment[name].flatMap { $0.isEmpty ? nil : $0 }
        shown.append((name, value == nil ? "(not set)" : "(set, not shown)"))
        return value
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = text(name) else { return nil }
        guard let number = Int(value), range.contains(number) else {
            complain("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// `60/10` is sixty in ten seconds; `0` is without limit.
    mutating func limit(_ name: String, else standard: RateLimit?) -> RateLimit? {
        guard let value = text(name), let standard else { return standard }
        if value == "0" { return nil }
        let parts = value.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let requests = parts[0], let window = parts[1], (1...10_000_000).contains(requests),
            (1...86_400).contains(window)
        else {
            complain("\(name) must be REQUESTS/SECONDS, as 60/10, or 0 for no limit")
            return standard
        }
        return RateLimit(name: standard.name, requests: requests, window: window)
    }

    mutating func list<Value>(_ name: String, _ problem: String, _ read: (String) -> Value?) -> [Value] {
        guard let value = text(name) else { return [] }
        let items = value.split(separator: ",").map { read($0.trimmingCharacters(in: .whitespaces)) }
        let values = items.compactMap { $0 }
        if values.count < items.count { complain("\(name) \(problem)") }
        return values
    }

    mutating func choice<Value: RawRepresentable<String>>(_ name: String, _ all: [Value]) -> Value? {
        guard let value = text(name) else { return nil }
        guard let chosen = Value(rawValue: value) else {
            complain("\(name) must be one of: \(all.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return chosen
    }
}
