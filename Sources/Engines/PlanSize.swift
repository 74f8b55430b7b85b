package import Stores

/// What a plan gives to a shop's containers. CPU in thousandths of a core, memory in MiB, storage in GiB.
package struct PlanSize: Sendable, Hashable {
    package let plan: PlanID
    package let summary: String
    let database: Container
    let shop: Container
    let setup: Container
    let cron: Container
    /// Of Medusa: Node needs more than PHP, and 300m/512Mi is the least that upstream names. Its set-up runs a backend too.
    let backend: Container
    let backendDatabase: Container
    /// Whether Medusa has a Redis; without it events and locks stay in the one process there is.
    let hasCache: Bool
    let shopReplicas: Int
    let databaseStorage: Int
    let uploadStorage: Int

    struct Container: Sendable, Hashable {
        let requestedCPU: Int
        let requestedMemory: Int
        let limitCPU: Int
        let limitMemory: Int

        static func * (container: Container, factor: Int) -> Container {
            Container(
                requestedCPU: container.requestedCPU * factor, requestedMemory: container.requestedMemory * factor,
                limitCPU: container.limitCPU * factor, limitMemory: container.limitMemory * factor)
        }

        static func + (one: Container, other: Container) -> Container {
            Container(
                requestedCPU: one.requestedCPU + other.requestedCPU, requestedMemory: one.requestedMemory + other.requestedMemory,
                limitCPU: one.limitCPU + other.limitCPU, limitMemory: one.limitMemory + other.limitMemory)
        }
    }

    let cache = Container(requestedCPU: 50, requestedMemory: 64, limitCPU: 500, limitMemory: 128)
    let storefront = Container(requestedCPU: 50, requestedMemory: 64, limitCPU: 500, limitMemory: 128)

    /// The values for `small` held a WooCommerce store that sold, on a real node (mariadb 66 MB at its peak, web 145–204 MB).
    package static let all: [PlanSize] = [
        PlanSize(
            plan: .small, summary: "A first shop: some hundred products, a few visitors at a time.",
            database: Container(requestedCPU: 50, requestedMemory: 96, limitCPU: 1000, limitMemory: 192),
            shop: Container(requestedCPU: 100, requestedMemory: 160, limitCPU: 1000, limitMemory: 256),
            setup: Container(requestedCPU: 100, requestedMemory: 128, limitCPU: 1000, limitMemory: 256),
            cron: Container(requestedCPU: 50, requestedMemory: 96, limitCPU: 500, limitMemory: 256),
            backend: Container(requestedCPU: 300, requestedMemory: 512, limitCPU: 1000, limitMemory: 1024),
            backendDatabase: Container(requestedCPU: 100, requestedMemory: 256, limitCPU: 1000, limitMemory: 512), hasCache: false,
            shopReplicas: 1, databaseStorage: 1, uploadStorage: 1),
        PlanSize(
            plan: .medium, summary: "A shop with daily orders: thousands of products.",
            database: Container(requestedCPU: 150, requestedMemory: 256, limitCPU: 1500, limitMemory: 512),
            shop: Container(requestedCPU: 200, requestedMemory: 256, limitCPU: 1500, limitMemory: 512),
            setup: Container(requestedCPU: 100, requestedMemory: 256, limitCPU: 1000, limitMemory: 512),
            cron: Container(requestedCPU: 50, requestedMemory: 128, limitCPU: 500, limitMemory: 384),
            backend: Container(requestedCPU: 300, requestedMemory: 768, limitCPU: 1500, limitMemory: 1536),
            backendDatabase: Container(requestedCPU: 150, requestedMemory: 256, limitCPU: 1500, limitMemory: 512), hasCache: true,
            shopReplicas: 1, databaseStorage: 5, uploadStorage: 5),
        PlanSize(
            plan: .large, summary: "A busy shop: many visitors at once, a large catalogue.",
            database: Container(requestedCPU: 400, requestedMemory: 768, limitCPU: 2000, limitMemory: 1536),
            shop: Container(requestedCPU: 400, requestedMemory: 384, limitCPU: 2000, limitMemory: 768),
            setup: Container(requestedCPU: 200, requestedMemory: 256, limitCPU: 1000, limitMemory: 512),
            cron: Container(requestedCPU: 100, requestedMemory: 256, limitCPU: 1000, limitMemory: 512),
            backend: Container(requestedCPU: 500, requestedMemory: 1024, limitCPU: 2000, limitMemory: 2048),
            backendDatabase: Container(requestedCPU: 400, requestedMemory: 768, limitCPU: 2000, limitMemory: 1536), hasCache: true,
            shopReplicas: 2, databaseStorage: 20, uploadStorage: 20),
    ]

    package static func of(_ plan: PlanID) -> PlanSize? { all.first { $0.plan == plan } }

    /// What is promised of CPU, memory and storage, as the API tells it.
    package var totals: (cpu: String, memory: String, storage: String) {
        let sum = database + shop * shopReplicas
        return ("\(sum.requestedCPU)m", "\(sum.requestedMemory)Mi", "\(databaseStorage + uploadStorage)Gi")
    }

    /// The same, as quotas count it.
    package var promised: StoreSize {
        let sum = database + shop * shopReplicas
        return StoreSize(
            cpu: sum.requestedCPU, memory: sum.requestedMemory << 20, storage: (databaseStorage + uploadStorage) << 30)
    }
}
