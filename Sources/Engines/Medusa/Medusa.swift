package import Stores

/// MedusaJS 2 on PostgreSQL and Redis, with a storefront of its own that reads its configuration at run time.
package struct Medusa: Engine {
    package let id = EngineID(rawValue: "medusa")
    package let name = "MedusaJS"
    package let summary = "A headless shop with a storefront of its own. Needs two to three times the memory of WooCommerce."

    package init() {}

    package func stages(of store: Store, size: PlanSize, on platform: PlatformConfiguration) -> [Stage] {
        let parts = MedusaParts(store: store, size: size, platform: platform)
        let shops =
            [PlanSize.Container](repeating: parts.backendSize, count: size.shopReplicas + 1) + [
                MedusaParts.small, MedusaParts.small,
            ]
        return [
            Isolation.namespaceStage(of: store, on: platform),
            Isolation.limitsStage(
                of: store, budget: PodBudget([parts.databaseSize, MedusaParts.small, parts.backendSize] + shops),
                storage: size.databaseStorage + 2, databasePort: 5432, shopPorts: [9000, 8080]),
            Stage(
                .settings, needs: [.limits], [parts.credentials, parts.configuration, parts.cachePolicy, parts.cacheEgressPolicy]),
            Stage(
                .storage, needs: [.limits],
                [Claim.manifest("data-postgres-0", gibibytes: size.databaseStorage, of: store, on: platform)]),
            Stage(
                .database, needs: [.settings, .storage], [parts.databaseService, parts.database, parts.cacheService, parts.cache]),
            Stage(.setup, needs: [.database], [parts.setup]),
            // After the set-up: a backend that meets a database without its tables ends at once.
            Stage(.shop, needs: [.setup], [parts.backendService, parts.backend, parts.storefrontService, parts.storefront]),
            Address.stage(
                of: store, on: platform,
                paths: [("/app", "medusa"), ("/admin", "medusa"), ("/auth", "medusa"), ("/store", "medusa"), ("/", "storefront")]),
        ]
    }
}

/// The objects of one Medusa store; a file for each concern.
struct MedusaParts {
    let store: Store
    let size: PlanSize
    let platform: PlatformConfiguration

    static let settings = "medusa"
    static let user = 1000
    static let databaseUser = 999
    static let small = PlanSize.Container(requestedCPU: 50, requestedMemory: 64, limitCPU: 500, limitMemory: 128)

    /// Node needs more than PHP: 300m/512Mi is the least that upstream names.
    var backendSize: PlanSize.Container {
        PlanSize.Container(
            requestedCPU: max(300, size.shop.requestedCPU), requestedMemory: max(512, size.shop.requestedMemory),
            limitCPU: max(1000, size.shop.limitCPU), limitMemory: max(1024, size.shop.limitMemory))
    }

    var databaseSize: PlanSize.Container {
        PlanSize.Container(
            requestedCPU: max(100, size.database.requestedCPU), requestedMemory: max(256, size.database.requestedMemory),
            limitCPU: size.database.limitCPU, limitMemory: max(512, size.database.limitMemory))
    }
}
