import API
import Engines
import Foundation
import Gateway
import Glibc
import HTTP
import Kubernetes
import Postgres
import Services
import Synchronization

/// Builds the objects of the service and runs them in one task group: the first to end, ends all.
struct Service {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func run() async throws {
        Service.raiseDescriptorLimit()
        let pool = ConnectionPool(configuration: configuration.postgres)
        // A pass reads several kinds side by side, and writes the objects of a stage side by side.
        var limits = KubernetesClient.Limits()
        limits.concurrency = 2 * configuration.provisioner.concurrency
        limits.callsPerSecond = configuration.clusterCallsPerSecond
        let client = KubernetesClient(configuration: configuration.cluster, limits: limits)
        let gateway = ClusterGateway(client: client, platform: configuration.platform)
        let bulletin = Bulletin(pool: pool)
        let warn: @Sendable (String) -> Void = { Log.write("warning", $0) }
        let audit = AuditService(pool: pool, log: warn)
        let tokens = TokenService(pool: pool, log: warn)
        if let token = configuration.administratorToken { try await tokens.setAdministrator(token: token) }
        let stopping = Stopping()
        let comparisons = Comparisons()

        let stores = StoreService(
            pool: pool, gateway: gateway, bulletin: bulletin, maximumStores: configuration.maximumStores,
            room: configuration.checksRoom ? ClusterRoom(gateway: gateway, log: warn) : nil)
        let services = APIServices(
            stores: stores, events: EventService(pool: pool, bulletin: bulletin), accounts: AccountService(pool: pool),
            tokens: tokens, audit: audit, sessions: SessionService(pool: pool, lifetime: configuration.sessionLifetime),
            limiter: RateLimiter(pool: pool, settings: configuration.limits), signIn: configuration.signIn,
            longestWait: { pool.longestWait },
            unreadiness: {
                if stopping.hasBegun { return "The service is stopping." }
                do {
                    _ = try await ConnectionPool.$isUrgent.withValue(true) { try await stores.counts() }
                    return nil
                } catch {
                    return "The database cannot be used."
                }
            },
            gauges: { Service.gauges(pool, client, comparisons, audit) })
        let server = try serve(services)
        Log.write("info", "Listening on http://\(configuration.host):\(server.port), role \(configuration.role.rawValue).")

        let settings = configuration.provisioner
        let role = configuration.role
        let duty = Duty("agreement", pool: pool, term: settings.lease / 2, log: warn)
        let reconciler = Reconciler(
            pool: pool, gateway: gateway, bulletin: bulletin, unknown: configuration.unknownNamespaces, comparisons: comparisons,
            log: warn)
        let watch = ClusterWatch(pool: pool, gateway: gateway, bulletin: bulletin, comparisons: comparisons, log: warn)
        // Work stops at once on a signal; the server first says that it is no longer ready, and then answers what it has begun.
        let work = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bulletin.run(log: warn) }
                group.addTask { try await audit.keepPartitions() }
                if role != .api {
                    group.addTask {
                        try await Provisioner(pool: pool, gateway: gateway, bulletin: bulletin, settings: settings, log: warn).run()
                    }
                    group.addTask { await look(after: duty, reconciler, watch, Housekeeper(pool: pool, log: warn)) }
                }
                try await group.waitForAll()
            }
        }
        let serving = Task { try await server.run() }
        await TerminationSignals.wait()
        Log.write("info", "Stopping.")
        stopping.begin()
        work.cancel()
        if role != .worker { try await Task.sleep(for: configuration.drainPause) }
        serving.cancel()
        try await serving.value
        if case .failure(let error) = await work.result, !(error is CancellationError) {
            Log.write("warning", "The work ended with: \(error)")
        }
        await pool.close()
        Log.write("info", "Stopped.")
    }

    /// One replica compares, watches and tidies up for all.
    private func look(after duty: Duty, _ reconciler: Reconciler, _ watch: ClusterWatch, _ housekeeper: Housekeeper) async {
        await duty.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await reconciler.run() }
                group.addTask { try await watch.run() }
                group.addTask { try await housekeeper.run() }
                try await group.waitForAll()
            }
        }
    }

    /// All connections together take more descriptors than most shells and units allow at first; the limit behind that one stands.
    private static func raiseDescriptorLimit() {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(kind, &limit)
    }

    /// The table of routes; nothing of it is asked for anything.
    static func routeTable() -> RouteTable {
        let pool = ConnectionPool(configuration: PostgresConfiguration(url: ""))
        let client = KubernetesClient(configuration: ClusterConfiguration(server: ""))
        let bulletin = Bulletin(pool: pool)
        let services = APIServices(
            stores: StoreService(
                pool: pool, gateway: ClusterGateway(client: client, platform: PlatformConfiguration()), bulletin: bulletin),
            events: EventService(pool: pool, bulletin: bulletin), accounts: AccountService(pool: pool),
            tokens: TokenService(pool: pool) { _ in }, audit: AuditService(pool: pool) { _ in },
            sessions: SessionService(pool: pool),
            limiter: RateLimiter(pool: pool), signIn: SignInSettings(), longestWait: { nil }, unreadiness: { nil }, gauges: { [] })
        return Routes(services, web: nil).table
    }

    private func serve(_ services: APIServices) throws -> Server {
        let web = try configuration.webRoot.map { try StaticFiles(directory: $0) }
        let router = Routes(services, web: web).router
        var settings = Server.Configuration()
        settings.host = configuration.host
        settings.port = configuration.port
        settings.connectionsPerAddress = configuration.connectionsPerAddress
        settings.proxies = configuration.signIn.trustedProxies
        settings.onCompletion = { Log.access($0) }
        return try Server(configuration: settings) { request in
            await router.respond(to: request) { error in
                Problem(error) { Log.write("error", "\(request.id): \($0)") }
            }
        }
    }

    private static func gauges(
        _ pool: ConnectionPool, _ client: KubernetesClient, _ comparisons: Comparisons, _ audit: AuditService
    ) -> [(name: String, help: String, value: Double)] {
        let usage = pool.usage
        let statistics = client.statistics
        return [
            ("store_platform_database_connections_in_use", "Connections lent at this moment.", Double(usage.inUse)),
            ("store_platform_database_waiting", "Callers waiting for a connection.", Double(usage.waiting)),
            ("store_platform_cluster_calls_total", "Calls to the Kubernetes API.", Double(statistics.calls.values.reduce(0, +))),
            ("store_platform_cluster_retries_total", "Calls to the Kubernetes API that were repeated.", Double(statistics.retries)),
            (
                "store_platform_cluster_shut_outs_total",
                "How often the Kubernetes API failed so often in a row that calls were held back.", Double(statistics.shutOuts)
            ),
            (
                "store_platform_namespace_comparisons_total", "How often rows and namespaces were compared by this replica.",
                Double(comparisons.ofNamespaces)
            ),
            (
                "store_platform_object_comparisons_total", "How often all objects were compared with how they were left.",
                Double(comparisons.ofObjects)
            ),
            (
                "store_platform_audit_refusals_unrecorded_total",
                "Refusals that are not in the audit log, because their addresses had too many.", Double(audit.unrecordedRefusals)
            ),
        ]
    }
}

/// Whether the service has been asked to stop.
private final class Stopping: Sendable {
    private let state = Mutex(false)

    var hasBegun: Bool { state.withLock { $0 } }

    func begin() { state.withLock { $0 = true } }
}
