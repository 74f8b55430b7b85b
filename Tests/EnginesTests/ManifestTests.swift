import Engines
import Foundation
import JSON
import Kubernetes
import Stores
import Testing

func store(
    _ engine: String = "woocommerce", plan: PlanID = .small, phase: StorePhase = .provisioning, desired: DesiredState = .running
) throws -> Store {
    let at = Date(timeIntervalSince1970: 1_795_000_000)
    return Store(
        id: try #require(StoreID("abcdefghijkm")), name: "Blue Teapots", slug: try Slug("blue-teapots"),
        engine: EngineID(rawValue: engine), plan: plan,
        account: "default", desired: desired, phase: phase, createdAt: at, updatedAt: at, attemptedAt: at)
}

extension SecretValue {
    /// Whether nobody guesses it.
    fileprivate var isLong: Bool {
        switch self {
        case .text(let count): count >= 20
        case .hexadecimal(_, let digits): digits >= 32
        }
    }
}

struct ManifestTests {
    private static let engines = EngineRegistry.all.map(\.id.rawValue)
    private static let plans = PlanSize.all.map(\.plan)

    private func stages(_ engine: String, _ plan: PlanID) throws -> [Stage] {
        try #require(EngineRegistry.stages(of: try store(engine, plan: plan), on: PlatformConfiguration()))
    }

    /// The pod specs of a stage's workloads.
    private func pods(_ stages: [Stage]) -> [(manifest: Manifest, template: JSONValue)] {
        stages.flatMap(\.manifests).compactMap { manifest in
            let spec = manifest.json["spec"]
            let template = manifest.resource == .cronJob ? spec?[path: "jobTemplate", "spec", "template"] : spec?["template"]
            return template.map { (manifest, $0) }
        }
    }

    @Test(arguments: engines, plans)
    func `every pod is restricted, limited and without a token`(engine: String, plan: PlanID) throws {
        let pods = pods(try stages(engine, plan))
        #expect(pods.count >= 4)
        for (manifest, template) in pods {
            let spec = try #require(template["spec"])
            #expect(spec["automountServiceAccountToken"] == false, "\(manifest.id)")
            #expect(spec[path: "securityContext", "runAsNonRoot"] == true)
            #expect(spec[path: "securityContext", "seccompProfile", "type"] == "RuntimeDefault")
            for container in spec["containers"]?.array ?? [] {
                #expect(container[path: "securityContext", "allowPrivilegeEscalation"] == false)
                #expect(container[path: "securityContext", "readOnlyRootFilesystem"] == true)
                #expect(container[path: "securityContext", "capabilities", "drop"] == ["ALL"])
                for list in ["requests", "limits"] {
                    #expect(container[path: "resources", list, "cpu"] != nil && container[path: "resources", list, "memory"] != nil)
                }
            }
            if manifest.resource == .deployment || manifest.resource == .statefulSet {
                for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    #expect(spec["containers"]?.array?[0][probe] != nil, "\(manifest.id) has no \(probe)")
                }
            }
        }
    }

    @Test(arguments: engines, plans)
    func `everything that runs at once fits the quota, with a pod to spare`(engine: String, plan: PlanID) throws {
        let stages = try stages(engine, plan)
        let quota = try #require(stages.flatMap(\.manifests).first { $0.resource == .resourceQuota })
        var sums: [String: Int] = [:]
        for (manifest, template) in pods(stages) {
            // A rolling update runs one more pod than there are replicas.
            let replicas = manifest.json[path: "spec", "replicas"]?.integer ?? 1
            let isRolling = manifest.json[path: "spec", "strategy", "type"]?.string == "RollingUpdate"
            for container in template[path: "spec", "containers"]?.array ?? [] {
                for list in ["requests", "limits"] {
                    for name in ["cpu", "memory"] {
                        let text = try #require(container[path: "resources", list, name]?.string)
                        sums["\(list).\(name)", default: 0] +=
                            try #require(Int(text.prefix { $0.isNumber })) * (replicas + (isRolling ? 1 : 0))
                    }
                }
            }
        }
        for (name, sum) in sums {
            let hard = try #require(quota.json[path: "spec", "hard", name]?.string)
            #expect(try #require(Int(hard.prefix { $0.isNumber })) >= sum, "\(name): \(sum) do not fit \(hard)")
        }
        let storage = stages.flatMap(\.manifests).filter { $0.resource == .persistentVolumeClaim }.compactMap {
            $0.json[path: "spec", "resources", "requests", "storage"]?.string.flatMap { Int($0.dropLast(2)) }
        }
        let hard = try #require(quota.json[path: "spec", "hard", "requests.storage"]?.string)
        #expect(try #require(Int(hard.dropLast(2))) > storage.reduce(0, +))
        #expect(quota.json[path: "spec", "hard", "services.loadbalancers"] == "0")
    }

    @Test(arguments: engines) func `isolation comes before the first pod, the address last`(engine: String) throws {
        let stages = try stages(engine, .small)
        #expect(stages.map(\.name) == StageName.allCases)
        let firstPod = try #require(stages.firstIndex { !pods([$0]).isEmpty })
        let isolation = stages[..<firstPod].flatMap(\.manifests).map(\.resource)
        for resource in [Resource.limitRange, .resourceQuota, .networkPolicy, .serviceAccount] {
            #expect(isolation.contains(resource))
        }
        #expect(stages.last?.manifests.map(\.resource) == [.ingress])
        #expect(stages.last?.needs == [.setup, .shop])
        for (index, stage) in stages.enumerated() {
            #expect(Set(stage.needs).isSubset(of: Set(stages[..<index].map(\.name))), "\(stage.name) needs what comes later")
        }
    }

    @Test(arguments: engines) func `no secret stands in a manifest, and passwords are made once`(engine: String) throws {
        let manifests = try stages(engine, .small).flatMap(\.manifests)
        let secret = try #require(manifests.first { $0.resource == .secret })
        guard case .createOnce(let keys) = secret.write else { throw CancellationError() }
        #expect(keys.count >= 4 && keys.values.allSatisfy(\.isLong))
        #expect(secret.json["data"] == nil && secret.json["stringData"] == nil)
        #expect(manifests.filter { $0.write != .apply }.count == 1)
    }

    @Test func `the same store gives the same manifests, another name only another title`() throws {
        let one = try stages("woocommerce", .small).flatMap(\.manifests)
        let other = try stages("woocommerce", .small).flatMap(\.manifests)
        #expect(one.map(\.hash) == other.map(\.hash))
        #expect(Set(one.map(\.id)).count == one.count)
        var renamed = try store()
        renamed.name = "Red Teapots"
        let third = try #require(EngineRegistry.stages(of: renamed, on: PlatformConfiguration())).flatMap(\.manifests)
        let changed = zip(one, third).filter { $0.hash != $1.hash }.map(\.0.id.description)
        #expect(changed == ["Namespace store-abcdefghijkm", "ConfigMap wordpress"])
    }
}
