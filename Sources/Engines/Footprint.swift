import JSON
package import Kubernetes
package import Stores

extension Footprint {
    /// What the scheduler reckons with for a pod: its containers together, or one of those that run before them where that asks for more.
    package init(of pod: Pod) {
        func amounts(_ resource: String, _ unit: Quantity.Unit) -> Int {
            func amount(_ requests: [String: String]) -> Int { requests[resource].flatMap { Quantity.amount($0, unit) } ?? 0 }
            return max(pod.requests.map(amount).reduce(0, +), pod.initRequests.map(amount).max() ?? 0)
        }
        self.init(cpu: amounts("cpu", .thousandths), memory: amounts("memory", .bytes), pods: 1)
    }

    /// What a node gives to pods; nil where it does not say so in amounts that are understood here.
    package init?(of node: Node) {
        guard let cpu = node.allocatable["cpu"].flatMap({ Quantity.amount($0, .thousandths) }),
            let memory = node.allocatable["memory"].flatMap({ Quantity.amount($0, .bytes) }),
            let pods = node.allocatable["pods"].flatMap({ Int($0) })
        else { return nil }
        self.init(cpu: cpu, memory: memory, pods: pods)
    }
}

/// What a store needs of the nodes.
package struct StoreFootprint: Sendable, Hashable {
    /// While it runs.
    package var running: Footprint
    /// While it is made: its set-up runs beside the shop.
    package var starting: Footprint
}

extension EngineRegistry {
    /// Of every engine and plan there is.
    package static func footprints(on platform: PlatformConfiguration) -> [StoreKind: StoreFootprint] {
        var footprints: [StoreKind: StoreFootprint] = [:]
        for engine in all.map(\.id) {
            for plan in PlanSize.all.map(\.plan) {
                let manifests = sampleManifests(engine, plan, on: platform) ?? []
                func sum(_ resources: Set<Resource>) -> Footprint {
                    manifests.filter { resources.contains($0.resource) }.reduce(.none) { $0 + $1.footprint }
                }
                let running = sum([.deployment, .statefulSet])
                footprints[StoreKind(engine, plan)] = StoreFootprint(running: running, starting: running + sum([.job]))
            }
        }
        return footprints
    }
}

extension Manifest {
    /// Of the pods of a workload.
    fileprivate var footprint: Footprint {
        guard let template = json[path: "spec", "template"] else { return .none }
        return Footprint(of: Pod(json: template)) * (json[path: "spec", "replicas"]?.integer ?? 1)
    }
}
