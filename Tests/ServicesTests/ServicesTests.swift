import ClusterSimulator
import Engines
import Foundation
import Gateway
import JSON
import Kubernetes
import Postgres
import PostgresTesting
import Repository
import Stores
import Testing

@testable import Services

let migrations = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../migrations")
    .standardized

/// A service and a simulated cluster in one process, on real sockets and a real database.
struct House: Sendable {
    let pool: ConnectionPool
    let simulator: ClusterSimulator
    let client: KubernetesClient
    let gateway: ClusterGateway
    let bulletin: Bulletin
    let stores: StoreService
    let events: EventService

    static let caller = Caller(
        principal: Principal(tokenID: "t", account: "default", role: .admin, name: "tester"), remoteAddress: "127.0.0.1",
        requestID: "r")

    /// Waits for an event of the store, as its stream tells it. One that does not come in a minute fails the test with what came instead.
    func wait(for id: StoreID, until condition: @escaping (StoreEvent) -> Bool) async throws -> StoreEvent {
        struct Found: Error { let event: StoreEvent }
        struct Missed: Error { let last: StoreEvent? }
        let deadline = ContinuousClock.now + .seconds(60)
        var last: StoreEvent?
        do {
            try await events.follow(id, after: 0, by: House.caller) { page in
                if let event = page.first(where: condition) { throw Found(event: event) }
                last = page.last ?? last
                if .now > deadline { throw Missed(last: last) }
            }
        } catch let found as Found {
            return found.event
        }
        throw CancellationError()
    }

    func namespace(_ id: StoreID) -> JSONValue? {
        simulator.objects("namespaces").first { $0[path: "metadata", "name"]?.string == id.namespace }
    }
}

func withHouse(
    timeout: Duration = .seconds(60), platform: PlatformConfiguration = .init(), interval: Duration = .seconds(60),
    _ body: @Sendable @escaping (House) async throws -> Void
) async throws {
    try await withTestDatabase(migrations: migrations) { pool, _ in
        let simulator = try ClusterSimulator(configuration: .init())
        let client = KubernetesClient(configuration: ClusterConfiguration(server: simulator.url))
        let gateway = ClusterGateway(client: client, platform: platform)
        let bulletin = Bulletin(pool: pool)
        let house = House(
            pool: pool, simulator: simulator, client: client, gateway: gateway, bulletin: bulletin,
            stores: StoreService(pool: pool, gateway: gateway, bulletin: bulletin),
            events: EventService(pool: pool, bulletin: bulletin))
        var settings = Provisioner.Settings()
        settings.timeout = timeout
        let configured = settings
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulator.run() }
            group.addTask { try await bulletin.run { _ in } }
            group.addTask {
                try await Provisioner(pool: pool, gateway: gateway, bulletin: bulletin, settings: configured) { _ in }.run()
            }
            group.addTask {
                try await Reconciler(pool: pool, gateway: gateway, bulletin: bulletin, interval: interval) { _ in }.run()
            }
            group.addTask { try await ClusterWatch(pool: pool, gateway: gateway, bulletin: bulletin) { _ in }.run() }
            let result: Result<Void, any Error>
            do {
                try await body(house)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            while let _ = await group.nextResult() {}
            try result.get()
        }
    }
}

struct StoreLifeTests {
    @Test(arguments: ["woocommerce", "medusa"]) func `a store becomes ready and goes away again without a trace`(engine: String)
        async throws
    {
        try await withHouse { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: engine), by: House.caller)
            #expect(store.phase == .pending)
            _ = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .ready }
            let ready = try await house.stores.show(store.id, by: House.caller)
            #expect(ready.phase == .ready && ready.url == "http://blue-teapots.127.0.0.1.nip.io" && ready.readyAt != nil)
            let told = try await house.events.page(of: store.id, after: 0, limit: 100, by: House.caller)
            for stage in StageName.allCases {
                #expect(told.contains { $0.stage == stage && $0.kind == .stageCompleted }, "\(stage) was not completed")
            }
            let resources = try await house.stores.resources(of: store.id, by: House.caller)
            #expect(resources.count > 20 && resources.allSatisfy { $0.state == .ready })

            _ = try await house.stores.delete(store.id, version: nil, by: House.caller)
            let end = try await house.wait(for: store.id) { $0.phase == .deleted }
            #expect(end.message == "Removed from the cluster.")
            #expect(house.namespace(store.id) == nil)
            #expect(house.simulator.objects("persistentvolumes").isEmpty)
            let tombstone = try await house.stores.show(store.id, by: House.caller)
            #expect(tombstone.phase == .deleted)
        }
    }

    @Test func `an image that cannot be pulled is named, and a retry with a good one goes on`() async throws {
        var platform = PlatformConfiguration()
        platform.images[.wooCommerce] = "registry.example/woo:does-not-exist"
        try await withHouse(timeout: .seconds(8), platform: platform) { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            _ = try await house.wait(for: store.id) { $0.kind == .stageWaiting && $0.reason == "image_pull" }
            let failure = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .failed }
            #expect(failure.reason == "image_pull")
            #expect(failure.message.contains("registry.example/woo:does-not-exist"))
            let retried = try await house.stores.retry(store.id, version: nil, by: House.caller)
            #expect(retried.phase == .provisioning)
            await #expect(throws: StoreError.self) { try await house.stores.retry(store.id, version: nil, by: House.caller) }
        }
    }

    @Test func `a volume that is never bound is said`() async throws {
        var platform = PlatformConfiguration()
        platform.storageClass = "never"
        try await withHouse(timeout: .seconds(6), platform: platform) { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            let waiting = try await house.wait(for: store.id) { $0.kind == .stageWaiting && $0.stage == .storage }
            #expect(waiting.reason == "volume_pending")
            let failure = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .failed }
            #expect(failure.reason == "volume_pending")
        }
    }

    @Test func `a class that waits for the first pod holds nothing up`() async throws {
        var platform = PlatformConfiguration()
        platform.storageClass = "standard-wait"
        try await withHouse(platform: platform) { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            _ = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .ready }
        }
    }

    @Test func `a store that is deleted while it is made goes`() async throws {
        try await withHouse { house in
            for index in 0..<10 {
                let store = try await house.stores.create(.init(name: "Shop \(index)", engine: "woocommerce"), by: House.caller)
                if index % 2 == 0 { _ = try await house.wait(for: store.id) { $0.seq >= index } }
                _ = try await house.stores.delete(store.id, version: nil, by: House.caller)
                _ = try await house.wait(for: store.id) { $0.phase == .deleted }
                #expect(house.namespace(store.id) == nil)
            }
        }
    }

    @Test func `a rename reaches the namespace's annotations`() async throws {
        try await withHouse { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            _ = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .ready }
            let version = try await house.stores.show(store.id, by: House.caller).version
            await #expect(throws: StoreError.stale(version: version)) {
                try await house.stores.rename(store.id, to: "Red Teapots", version: version - 1, by: House.caller)
            }
            _ = try await house.stores.rename(store.id, to: "Red Teapots", version: version, by: House.caller)
            while house.namespace(store.id)?[path: "metadata", "annotations", "store-platform/name"] != "Red Teapots" {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}

struct StoreServiceTests {
    @Test func `the same key and order find the first store, another order is refused`() async throws {
        try await withHouse { house in
            let order = StoreService.Order(name: "Blue Teapots", engine: "woocommerce", idempotencyKey: "key-1")
            let all = try await withThrowingTaskGroup(of: StoreID.self) { group in
                for _ in 0..<8 { group.addTask { try await house.stores.create(order, by: House.caller).id } }
                return try await group.reduce(into: Set<StoreID>()) { $0.insert($1) }
            }
            #expect(all.count == 1)
            var other = order
            other.name = "Red Teapots"
            let changed = other
            await #expect(throws: StoreError.idempotencyKeyReused) { try await house.stores.create(changed, by: House.caller) }
        }
    }

    @Test func `of many orders for one address one is taken, and the others are told by whom`() async throws {
        try await withHouse { house in
            let outcomes = await withTaskGroup(of: Result<StoreID, any Error>.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do {
                            return .success(
                                try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
                                    .id)
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let made = outcomes.compactMap { outcome in if case .success(let id) = outcome { id } else { nil } }
            #expect(made.count == 1)
            let slug = try Slug("blue-teapots")
            for case .failure(let error) in outcomes {
                #expect(error as? StoreError == .addressTaken(slug, by: made.first))
            }
        }
    }

    @Test func `every fault of an order is named at once`() async throws {
        try await withHouse { house in
            let order = StoreService.Order(name: "", engine: "shopify", plan: "huge", slug: "-x")
            do {
                _ = try await house.stores.create(order, by: House.caller)
                Issue.record("the order was taken")
            } catch StoreError.invalid(let fields) {
                #expect(fields.map(\.name).sorted() == ["engine", "name", "plan", "slug"])
            }
        }
    }
}

struct ReconcilerTests {
    @Test func `another installation's namespaces are left alone`() async throws {
        try await withHouse(interval: .milliseconds(200)) { house in
            let foreign: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": [
                    "name": "store-abcdefghijkm",
                    "labels": [
                        "store-platform/type": "store", "store-platform/id": "abcdefghijkm", "store-platform/install": "another",
                    ],
                ],
            ]
            _ = try await house.client.create(foreign, as: .namespace)
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            _ = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .ready }
            try await Reconciler(pool: house.pool, gateway: house.gateway, bulletin: house.bulletin) { _ in }.reconcile()
            let rows = try await house.stores.list(.init(), by: House.caller)
            #expect(rows.map(\.id) == [store.id])
            #expect(house.simulator.objects("namespaces").contains { $0[path: "metadata", "name"] == "store-abcdefghijkm" })
        }
    }

    @Test func `an emptied queue loses nothing`() async throws {
        try await withHouse { house in
            let store = try await house.stores.create(.init(name: "Blue Teapots", engine: "woocommerce"), by: House.caller)
            try await house.pool.withConnection { db in try db.execute("DELETE FROM work") }
            try await Reconciler(pool: house.pool, gateway: house.gateway, bulletin: house.bulletin) { _ in }.reconcile()
            _ = try await house.wait(for: store.id) { $0.kind == .phaseChanged && $0.phase == .ready }
        }
    }
}
