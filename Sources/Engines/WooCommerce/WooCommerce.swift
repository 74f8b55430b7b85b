package import Stores

/// WordPress with WooCommerce on MariaDB. The image has everything in it: nothing is downloaded while a store is made.
package struct WooCommerce: Engine {
    package let id = EngineID(rawValue: "woocommerce")
    package let name = "WooCommerce"
    package let summary = "WordPress with WooCommerce: pages, products and orders in one place. The lighter of the two."

    package init() {}

    package func stages(of store: Store, size: PlanSize, on platform: PlatformConfiguration) -> [Stage] {
        let parts = WooCommerceParts(store: store, size: size, platform: platform)
        // A rollout runs one shop pod more than there are replicas.
        let shops = [PlanSize.Container](repeating: size.shop, count: size.shopReplicas + 1)
        return [
            Isolation.namespaceStage(of: store, on: platform),
            Isolation.limitsStage(
                of: store, budget: PodBudget([size.database, size.setup, size.cron] + shops),
                storage: size.databaseStorage + size.uploadStorage + 2, databasePort: 3306, shopPorts: [8080]),
            Stage(.settings, needs: [.limits], [parts.credentials, parts.configuration, parts.databaseScripts]),
            Stage(
                .storage, needs: [.limits],
                [
                    // The name that the StatefulSet would give it: it is adopted.
                    Claim.manifest("data-mariadb-0", gibibytes: size.databaseStorage, of: store, on: platform),
                    Claim.manifest("uploads", gibibytes: size.uploadStorage, of: store, on: platform),
                ]),
            Stage(.database, needs: [.settings, .storage], [parts.databaseService, parts.database]),
            Stage(.setup, needs: [.database], [parts.setup]),
            // Beside the set-up: the shop's readiness waits for the mark that the set-up writes last.
            Stage(.shop, needs: [.database], [parts.shopService, parts.shop, parts.cron]),
            Address.stage(of: store, on: platform, paths: [("/", "wordpress")]),
        ]
    }
}

extension WooCommerce {
    package func login(of store: Store, on platform: PlatformConfiguration) -> Credentials.Login {
        Credentials.Login(username: WooCommerceParts.adminUser, url: "\(platform.url(of: store.slug))/wp-admin/")
    }
}

/// The objects of one WooCommerce store; a file for each concern.
struct WooCommerceParts {
    let store: Store
    let size: PlanSize
    let platform: PlatformConfiguration

    static let webUser = 33
    static let databaseUser = 999
    static let settings = "wordpress"
    static let adminUser = "admin"
}
