package import Stores

/// What of the platform's surroundings goes into a store's manifests.
package struct PlatformConfiguration: Sendable, Hashable {
    /// Tells the namespaces of this installation from another's in the same cluster.
    package var installID = "default"
    /// Shops answer at `{slug}.{baseDomain}`.
    package var baseDomain = "127.0.0.1.nip.io"
    /// `http` or `https`, as customers see it.
    package var publicScheme = "http"
    /// Nil for the scheme's own.
    package var publicPort: Int?
    /// Nil for the cluster's default.
    package var ingressClass: String?
    package var storageClass: String?
    /// What is written into every store's Secret `registry`, so that its images can be pulled: a Docker configuration (JSON); nil for none.
    /// Holds a password: never printed.
    package var registryConfiguration: String?
    /// Serves the shops over TLS with certificates of this cert-manager ClusterIssuer.
    package var tlsIssuer: String?
    /// Serves the shops over TLS with the ingress controller's own certificate, a wildcard for the base domain.
    package var usesDefaultCertificate = false
    /// Where the engines' containers come from, by the name that the environment gives them: `WOOCOMMERCE`, `MARIADB` …
    package var images: [ImageName: String] = [:]

    package init() {}

    package func host(of slug: Slug) -> String { "\(slug).\(baseDomain)" }

    package func url(of slug: Slug) -> String {
        "\(publicScheme)://\(host(of: slug))" + (publicPort.map { ":\($0)" } ?? "")
    }

    /// The shop's administrator; nothing is ever sent there.
    func adminEmail(of slug: Slug) -> String { "admin@\(host(of: slug))" }

    static let registrySecret = "registry"

    func image(_ name: ImageName) -> String { images[name] ?? name.standard }
}

/// A container image that an engine needs; `STORE_PLATFORM_IMAGE_<NAME>` replaces the standard one.
package enum ImageName: String, Sendable, CaseIterable {
    case wooCommerce = "WOOCOMMERCE"
    case mariaDB = "MARIADB"
    case medusa = "MEDUSA"
    case medusaStorefront = "MEDUSA_STOREFRONT"
    case postgres = "POSTGRES"
    case redis = "REDIS"

    /// Pinned: a tag is a version of the shop.
    package var standard: String {
        switch self {
        case .wooCommerce: "store-platform/woocommerce:7.1.0-11.0.1"
        case .mariaDB: "mariadb:10.11.19"
        case .medusa: "store-platform/medusa:2.13.3"
        case .medusaStorefront: "store-platform/medusa-storefront:2.13.3"
        case .postgres: "postgres:15.10"
        case .redis: "redis:7.4"
        }
    }
}
