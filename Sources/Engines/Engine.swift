import Foundation
import JSON
package import Stores

/// What makes a shop of one kind. Pure: the same store and configuration give the same stages.
package protocol Engine: Sendable {
    var id: EngineID { get }
    /// As the dashboard shows it.
    var name: String { get }
    var summary: String { get }
    /// The objects of a store in the order in which they are needed.
    func stages(of store: Store, size: PlanSize, on platform: PlatformConfiguration) -> [Stage]
    /// How the shop's administrator signs in; the password is in the store's Secret.
    func login(of store: Store, on platform: PlatformConfiguration) -> Credentials.Login
}

/// Objects that belong together, and what must be ready before they are made.
package struct Stage: Sendable {
    package let name: StageName
    package let needs: [StageName]
    package let manifests: [Manifest]

    package init(_ name: StageName, needs: [StageName], _ manifests: [Manifest]) {
        self.name = name
        self.needs = needs
        self.manifests = manifests
    }
}

extension Store {
    /// A store like any other of its engine and plan.
    fileprivate static func sample(_ engine: EngineID, _ plan: PlanID) -> Store? {
        guard let id = StoreID("abcdefghijkm") else { return nil }
        let slug: Slug
        do throws(Slug.Fault) { slug = try Slug("sample") } catch { return nil }
        let date = Date(timeIntervalSince1970: 0)
        return Store(
            id: id, name: "Sample", slug: slug, engine: engine, plan: plan, account: "default", createdAt: date, updatedAt: date,
            attemptedAt: date)
    }
}

/// Every engine there is. Adding one is a folder and a line here.
package enum EngineRegistry {
    package static let all: [any Engine] = [WooCommerce(), Medusa()]

    package static func engine(_ id: EngineID) -> (any Engine)? { all.first { $0.id == id } }

    /// The objects of a store like any other of an engine and plan, in the order in which they are made; nil where they are not known here.
    package static func sampleManifests(_ engine: EngineID, _ plan: PlanID, on platform: PlatformConfiguration) -> [Manifest]? {
        Store.sample(engine, plan).flatMap { stages(of: $0, on: platform) }?.flatMap(\.manifests)
    }

    /// Stands for the manifests that this version makes of any store of an engine and plan; nil where they are not known here.
    package static func manifestsHash(_ engine: EngineID, _ plan: PlanID, on platform: PlatformConfiguration) -> String? {
        sampleManifests(engine, plan, on: platform).map { Manifest.digest(of: .array($0.map { .string($0.hash) })) }
    }

    /// The stages of a store; nil where its engine or plan is not known here.
    package static func stages(of store: Store, on platform: PlatformConfiguration) -> [Stage]? {
        guard let engine = engine(store.engine), let size = PlanSize.of(store.plan) else { return nil }
        return engine.stages(of: store, size: size, on: platform)
    }
}
