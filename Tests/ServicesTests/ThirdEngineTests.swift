import ClusterSimulator
import Foundation
import JSON
import Kubernetes
import Stores
import Testing

@testable import Engines
@testable import Gateway

/// An engine that is in no registry: written from docs/engines.md alone. A shop that keeps everything in one process.
private struct Kiosk: Engine {
    let id = EngineID(rawValue: "kiosk")
    let name = "Kiosk"
    let summary = "Three things on a table."

    func login(of store: Store, on platform: PlatformConfiguration) -> Credentials.Login {
        Credentials.Login(username: "owner", url: platform.url(of: store.slug))
    }

    func stages(of store: Store, size: PlanSize, on platform: PlatformConfiguration) -> [Stage] {
        let setup = pod(of: store, .setup, "setup", size.setup, command: ["kiosk", "open"])
        var counter = pod(of: store, .shop, "shop", size.shop, command: [])
        counter.restartPolicy = nil
        counter.container.port = ("http", 8080)
        counter.container.probes = ["readinessProbe": Probe.http("/", period: 5, timeout: 2, failures: 3)]
        let deployment = Manifest(
            .deployment, "kiosk", of: store, stage: .shop,
            ["spec": ["replicas": 1, "selector": ["matchLabels": .object(counter.selector)], "template": counter.json]])
        let service = Manifest(
            .service, "kiosk", of: store, stage: .shop,
            ["spec": ["selector": .object(counter.selector), "ports": [["name": "http", "port": 80, "targetPort": "http"]]]])
        return [
            Isolation.namespaceStage(of: store, on: platform),
            Isolation.limitsStage(
                of: store, budget: PodBudget([size.setup, size.shop, size.shop]), storage: size.uploadStorage + 1,
                databasePort: 8080,
                shopPorts: [8080]),
            Stage(
                .settings, needs: [.limits], [Credentials.manifest(of: store, generating: [Credentials.adminPassword: .text(20)])]),
            Stage(.storage, needs: [.limits], [Claim.manifest("till", gibibytes: size.uploadStorage, of: store, on: platform)]),
            Stage(.database, needs: [.settings, .storage], []),
            Stage(.setup, needs: [.database], [SetupJob.manifest(of: store, pod: setup, hopelessExitCodes: [78])]),
            Stage(.shop, needs: [.setup], [service, deployment]),
            Address.stage(of: store, on: platform, paths: [("/", "kiosk")]),
        ]
    }

    private func pod(of store: Store, _ stage: StageName, _ component: String, _ container: PlanSize.Container, command: [String])
        -> PodTemplate
    {
        PodTemplate(
            store: store, stage: stage, component: component, usesUploads: true, user: 1000, gracePeriod: 2, restartPolicy: "Never",
            container: ContainerTemplate(
                name: component, image: "kiosk:1", size: container, command: command,
                secrets: [("KIOSK_PASSWORD", Credentials.adminPassword)], mounts: [("till", "/till", false)]),
            volumes: [Volume.claim("till", "till")])
    }
}

struct ThirdEngineTests {
    @Test(arguments: PlanSize.all.map(\.plan))
    func `an engine written from its documentation becomes ready`(plan: PlanID) async throws {
        let now = Date()
        var store = Store(
            id: .random(), name: "Corner", slug: try Slug("corner"), engine: Kiosk().id, plan: plan, account: "default",
            createdAt: now,
            updatedAt: now, attemptedAt: now)
        store.phase = .provisioning
        let platform = PlatformConfiguration()
        let stages = Kiosk().stages(of: store, size: try #require(PlanSize.of(plan)), on: platform)
        #expect(stages.map(\.name) == StageName.allCases)
        let simulator = try ClusterSimulator(configuration: .init())
        let client = KubernetesClient(configuration: ClusterConfiguration(server: simulator.url))
        let gateway = ClusterGateway(client: client, platform: platform)
        let wanted = store
        let isReady = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await simulator.run()
                return false
            }
            group.addTask {
                // Whatever changes in the namespace is a reason to look again.
                for try await _ in try await looks(gateway) {
                    if try await look(at: wanted, stages, gateway) {
                        let seen = try await gateway.observe(wanted.id, everything: true)
                        return seen.hashes[ObjectID(kind: "Ingress", name: "shop")] != nil
                    }
                }
                return false
            }
            let first = try await group.next()
            group.cancelAll()
            return first ?? false
        }
        #expect(isReady)
    }

    /// One now, and one for each change of a pod, a claim or a workload.
    private func looks(_ gateway: ClusterGateway) async throws -> AsyncThrowingStream<Void, any Error> {
        AsyncThrowingStream { continuation in
            continuation.yield()
            let watching = Task {
                await withThrowingTaskGroup(of: Void.self) { group in
                    for resource in [Resource.pod, .persistentVolumeClaim, .job, .deployment] {
                        group.addTask {
                            for try await _ in gateway.watch(resource, metadataOnly: false) { continuation.yield() }
                        }
                    }
                }
            }
            continuation.onTermination = { _ in watching.cancel() }
        }
    }

    /// One pass. - Returns: whether everything is as it should be.
    private func look(at store: Store, _ stages: [Stage], _ gateway: ClusterGateway) async throws -> Bool {
        var observation = try await gateway.observe(store.id, everything: true)
        for _ in 0..<10 {
            let decision = Decision.about(
                store, stages: stages, observation: observation, now: .now, deadline: .distantFuture, installID: "default")
            #expect(decision.event == nil || decision.event == .becameReady, "\(decision.cause?.message ?? "")")
            guard !decision.actions.isEmpty else { return decision.event == .becameReady }
            for case .write(_, let manifests) in decision.actions {
                observation = try await gateway.write(manifests, into: observation)
            }
            for case .verify(let manifests) in decision.actions { _ = try await gateway.verify(manifests, in: &observation) }
            if decision.writesClaims { try await gateway.refreshClaims(of: store.id, in: &observation) }
        }
        return false
    }
}

extension Decision {
    fileprivate var writesClaims: Bool {
        actions.contains { action in
            if case .write(.storage, _) = action { true } else { false }
        }
    }
}
