import API
import Engines
import Foundation
import Gateway
import HTTP
import JSON
import Kubernetes
import Postgres
import Repository
import Services
import Stores

/// One read and one write of the API, each served bare and behind ever more of what stands before it in the product.
@main
struct HTTPBench {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["DATABASE_URL"], let token = environment["STORE_PLATFORM_ADMIN_TOKEN"] else {
            complain("usage: DATABASE_URL=… STORE_PLATFORM_ADMIN_TOKEN=… http-bench: prints its port, serves until SIGTERM")
            exit(64)
        }
        let pool = ConnectionPool(configuration: PostgresConfiguration(url: url))
        try await TokenService(pool: pool, log: complain).setAdministrator(token: token)
        let router = Layers(pool).router
        let server = try Server(configuration: .init()) { request in
            await router.respond(to: request) { Problem($0, log: complain) }
        }
        let serving = Task { try await server.run() }
        FileHandle.standardOutput.write(Data("\(server.port)\n".utf8))
        await TerminationSignals.wait()
        serving.cancel()
        try await serving.value
        await pool.close()
    }

    static let complain: @Sendable (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
}

/// The same handlers behind nothing, behind the question who asks, and so on: each path adds one thing to the one before.
private struct Layers {
    let router: Router

    init(_ pool: ConnectionPool) {
        let client = KubernetesClient(configuration: ClusterConfiguration(server: ""))
        let service = StoreService(
            pool: pool, gateway: ClusterGateway(client: client, platform: PlatformConfiguration()), bulletin: Bulletin(pool: pool))
        let stores = StoreRoutes(service: service)
        let unrecorded = UnrecordedRename(pool: pool, service: service)
        let authenticated = Layers.access(pool, limits: .none)
        let limited = Layers.access(pool, limits: .beyondReach)
        let audited = Audited(access: limited, service: AuditService(pool: pool, log: HTTPBench.complain))

        var router = Router()
        router.get("/bare", Layers.bare(stores.list))
        router.get("/authenticated", authenticated.required(.readStores, stores.list).handler)
        router.get("/limited", limited.required(.readStores, stores.list).handler)

        router.patch("/bare/{id}", Layers.bare(unrecorded.rename))
        router.patch("/authenticated/{id}", authenticated.required(.changeStores, unrecorded.rename).handler)
        router.patch("/limited/{id}", limited.required(.changeStores, unrecorded.rename).handler)
        router.patch("/audited/{id}", audited("store.rename", limited.required(.changeStores, stores.rename)).handler)
        self.router = router
    }

    private static func bare(_ handler: @escaping CallerHandler) -> Handler {
        let nobody = Principal(tokenID: nil, account: Principal.defaultAccount, role: .admin, name: "bench")
        return { request in
            try await handler(request, Caller(principal: nobody, remoteAddress: request.remoteAddress, requestID: request.id))
        }
    }

    private static func access(_ pool: ConnectionPool, limits: RateLimiter.Settings) -> Access {
        Access(
            tokens: TokenService(pool: pool, log: HTTPBench.complain), sessions: SessionService(pool: pool),
            accounts: AccountService(pool: pool), limiter: RateLimiter(pool: pool, settings: limits), settings: SignInSettings())
    }
}

/// What `StoreService.rename` does, without its record in the audit log: the service has no way to leave that out.
private struct UnrecordedRename {
    let pool: ConnectionPool
    let service: StoreService

    func rename(_ request: Request, _ caller: Caller) async throws -> Response {
        let id: StoreID = try request.parameter("id")
        let name = try StoreName.checked(try request.json()["name"]?.string ?? "")
        let before = try await service.show(id, by: caller)
        let after = try await pool.transaction { db -> Store? in
            guard let after = try StoreRepository.rename(id, to: name, version: before.version, on: db) else { return nil }
            let message = "Renamed from “\(before.name)” to “\(name)”."
            try EventRepository.append([.init(.renamed, phase: before.phase, message: message)], to: id, on: db)
            try WorkRepository.enqueue(id, on: db)
            return after
        }
        guard let after else { throw StoreError.stale(version: before.version) }
        return .json(after.json)
    }
}

extension RateLimiter.Settings {
    fileprivate static let none: RateLimiter.Settings = {
        var settings = RateLimiter.Settings()
        settings.requests = nil
        settings.address = nil
        settings.orders = nil
        settings.failures = nil
        return settings
    }()

    /// Counted as in the product, and never too many.
    fileprivate static let beyondReach: RateLimiter.Settings = {
        var settings = RateLimiter.Settings()
        settings.requests = RateLimit(name: "requests", requests: 10_000_000, window: 1)
        settings.address = RateLimit(name: "address", requests: 10_000_000, window: 1)
        return settings
    }()
}
