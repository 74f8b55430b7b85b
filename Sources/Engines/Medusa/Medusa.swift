package import Stores

/// MedusaJS 2 on PostgreSQL, and Redis above the small plan, with a storefront of its own that reads its configuration at run time.
package struct Medusa: Engine {
    package let id = EngineID(rawValue: "medusa")
    package let name = "MedusaJS"
    package let summary = "A headless shop with a storefront of its own. Needs two to three times the memory of WooCommerce."

    package init() {}

    package func stages(of store: Store, size: PlanSize, on platform: PlatformConfiguration) -> [Stage] {
        let parts = MedusaParts(store: store, size: size, platform: platform)
        // A rollout runs one pod more than there are replicas; the set-up runs a whole backend of its own.
        let backends = [PlanSize.Container](repeating: size.backend, count: size.shopReplicas + 2)
        let storefronts = [PlanSize.Container](repeating: size.storefront, count: 2)
        let caches = size.hasCache ? [size.cache] : []
        return [
            Isolation.namespaceStage(of: store, on: platform),
            Isolation.limitsStage(
                of: store, budget: PodBudget([size.backendDatabase] + caches + backends + storefronts),
                storage: size.databaseStorage + size.uploadStorage + 2, databasePort: 5432, shopPorts: [9000, 8080]),
            Stage(
                .settings, needs: [.limits],
                [parts.credentials, parts.configuration, parts.storefrontConfiguration]
                    + (size.hasCache ? [parts.cachePolicy, parts.cacheEgressPolicy] : [])),
            Stage(
                .storage, needs: [.limits],
                [
                    Claim.manifest("data-postgres-0", gibibytes: size.databaseStorage, of: store, on: platform),
                    Claim.manifest("uploads", gibibytes: size.uploadStorage, of: store, on: platform),
                ]),
            Stage(
                .database, needs: [.settings, .storage],
                [parts.databaseService, parts.database] + (size.hasCache ? [parts.cacheService, parts.cache] : [])),
            Stage(.setup, needs: [.database], [parts.setup]),
            // After the set-up: a backend that meets a database without its tables ends at once.
            Stage(.shop, needs: [.setup], [parts.backendService, parts.backend, parts.storefrontService, parts.storefront]),
            Address.stage(
                of: store, on: platform,
                paths: [
                    ("/app", "medusa"), ("/admin", "medusa"), ("/auth", "medusa"), ("/store", "medusa"), ("/static", "medusa"),
                    ("/", "storefront"),
                ]),
        ]
    }
}

extension Medusa {
    package func login(of store: Store, on platform: PlatformConfiguration) -> Credentials.Login {
        Credentials.Login(username: platform.adminEmail(of: store.slug), url: "\(platform.url(of: store.slug))/app")
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
}
