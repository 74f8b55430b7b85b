import Engines
package import Gateway
import Kubernetes
import Stores

/// What the nodes have for stores, and what each kind of store needs of it.
package struct RoomForStores: Sendable {
    let all: Footprint
    let needs: [StoreKind: StoreFootprint]

    /// What is lacking for one store more, in words that complete «The cluster …»; nil where it fits. A kind that is not known here counts nothing.
    func lack(for kind: StoreKind, besides living: [(kind: StoreKind, count: Int)]) -> String? {
        let used = living.reduce(Footprint.none) { $0 + (needs[$1.kind]?.running ?? .none) * $1.count }
        return needs[kind].flatMap { all.lack(of: $0.starting, besides: used) }
    }
}

/// How much room the nodes have for stores, as the cluster said lately. Where it does not say, nobody is refused for it.
package actor ClusterRoom {
    /// A create waits no longer than this for the cluster's word.
    private static let patience: Duration = .seconds(1)
    private static let freshness: Duration = .seconds(30)

    private let gateway: ClusterGateway
    private let needs: [StoreKind: StoreFootprint]
    private let log: @Sendable (String) -> Void
    private var known: RoomForStores?
    private var isTold = false
    private var askAgainAt = ContinuousClock.now
    private var asking: Task<Void, Never>?

    package init(gateway: ClusterGateway, log: @escaping @Sendable (String) -> Void) {
        self.gateway = gateway
        needs = EngineRegistry.footprints(on: gateway.platform)
        self.log = log
    }

    /// Nil where the cluster does not tell.
    package func room() async -> RoomForStores? {
        if askAgainAt <= .now {
            let task = asking ?? Task { await ask() }
            asking = task
            await task.value
        }
        return known
    }

    private func ask() async {
        let end = ContinuousClock.now + ClusterRoom.patience
        do {
            let all = try await KubernetesClient.$bound.withValue(.init { end }) { try await gateway.roomForStores() }
            known = RoomForStores(all: all, needs: needs)
            isTold = false
        } catch {
            // An older answer is no reason to refuse somebody: nodes may have come since.
            known = nil
            if !isTold { log("Whether new stores find room is not checked, for the cluster does not tell of its nodes: \(error)") }
            isTold = true
        }
        askAgainAt = .now + ClusterRoom.freshness
        asking = nil
    }
}
