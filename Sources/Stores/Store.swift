package import struct Foundation.Date

/// A merchant's shop: what is wanted of it and what was last seen. The row of `stores`, as a value.
package struct Store: Sendable, Hashable {
    package let id: StoreID
    package var name: String
    /// The first label of its host name; unique among stores that are not deleted.
    package let slug: Slug
    package let engine: EngineID
    package let plan: PlanID
    package let account: String
    package let shop: ShopSettings

    package var desired: DesiredState
    /// Counts the changes of what is wanted of the cluster; an observation of an older generation is not recorded.
    package var generation: Int
    package var phase: StorePhase
    /// A stable code for why it is in its phase: `image_pull`, `quota_exceeded`; nil where there is nothing to explain.
    package var reason: String?
    /// A sentence for people: what it waits for, or what went wrong and what to do.
    package var message: String
    /// Where the shop answers; set once it is ready.
    package var url: String?
    /// The uid of the namespace that was made for it.
    package var namespaceUID: String?
    /// Grows with every change of the row; the entity tag of the resource.
    package var version: Int

    package let createdAt: Date
    package var updatedAt: Date
    package var readyAt: Date?
    /// When the present attempt at provisioning began; deadlines count from it.
    package var attemptedAt: Date
    /// Stands for all of its objects as they were when everything was last found right; nil before that.
    package var seal: String?
    /// Stands for the manifests that its engine and plan had then.
    package var manifestsHash: String?
    package var steadiness: Steadiness

    package init(
        id: StoreID, name: String, slug: Slug, engine: EngineID, plan: PlanID, account: String,
        shop: ShopSettings = .standard, desired: DesiredState = .running,
        generation: Int = 1, phase: StorePhase = .pending, reason: String? = nil, message: String = "", url: String? = nil,
        namespaceUID: String? = nil, version: Int = 1, createdAt: Date, updatedAt: Date, readyAt: Date? = nil, attemptedAt: Date,
        seal: String? = nil, manifestsHash: String? = nil, steadiness: Steadiness = .init()
    ) {
        self.id = id
        self.name = name
        self.slug = slug
        self.engine = engine
        self.plan = plan
        self.account = account
        self.shop = shop
        self.desired = desired
        self.generation = generation
        self.phase = phase
        self.reason = reason
        self.message = message
        self.url = url
        self.namespaceUID = namespaceUID
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.readyAt = readyAt
        self.attemptedAt = attemptedAt
        self.seal = seal
        self.manifestsHash = manifestsHash
        self.steadiness = steadiness
    }
}

/// What the merchant wants of a store.
package enum DesiredState: String, Sendable, Hashable, CaseIterable {
    case running, suspended, absent
}

/// Which engine runs a shop: `woocommerce`, `medusa`.
package struct EngineID: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }
}

extension Store {
    /// Whether its shop has been ready, and was not called failed since.
    package var isLive: Bool { phase == .ready || phase == .degraded }
}
