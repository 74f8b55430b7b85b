package import Engines
import Kubernetes
package import Stores

/// One object of a store as people see it: how it is and, when it is unwell, why.
package struct StoreResource: Sendable, Hashable {
    package enum State: String, Sendable { case ready, waiting, unwell }

    package let kind: String
    package let name: String
    package let stage: String?
    package let state: State
    package let reason: String?
    package let message: String
    /// RFC 3339, as the cluster has it.
    package let createdAt: String?
}

extension ClusterGateway {
    /// What runs in a store's namespace, read at this moment. Empty where there is no namespace.
    package func resources(of store: Store, stages: [Stage]) async throws -> [StoreResource] {
        var observation = try await observe(store.id, everything: true, includingSecrets: false)
        guard let namespace = observation.namespace else { return [] }
        if observation.pods.contains(where: { !$0.isReady }) { try await readWarnings(of: store.id, into: &observation) }
        var resources: [StoreResource] = []
        for stage in stages {
            let state = stage.name == .namespace ? .ready : stage.currentState(in: observation)
            for manifest in stage.manifests where observation.hashes[manifest.id] != nil {
                resources.append(StoreResource(manifest, stage, state, observation))
            }
        }
        if namespace.isTerminating {
            resources = [
                StoreResource(
                    kind: "Namespace", name: namespace.metadata.name, stage: StageName.namespace.rawValue, state: .waiting,
                    reason: "removing",
                    message: "The namespace is being removed.", createdAt: namespace.metadata.creationTimestamp)
            ]
        }
        return resources + observation.pods.map(StoreResource.init)
    }
}

extension StoreResource {
    fileprivate init(_ manifest: Manifest, _ stage: Stage, _ state: StageState, _ observation: Observation) {
        kind = manifest.resource.kind
        name = manifest.name
        self.stage = stage.name.rawValue
        createdAt = nil
        let cause = manifest.isWorkload ? state.failure ?? state.wait : nil
        switch (cause, state.failure) {
        case (let cause?, nil):
            self.state = Set(["setup_running", "pods_starting"]).contains(cause.reason) ? .waiting : .unwell
            reason = cause.reason
            message = cause.message
        case (let cause?, _):
            self.state = .unwell
            reason = cause.reason
            message = cause.message
        default:
            self.state = .ready
            reason = nil
            message = ""
        }
    }

    fileprivate init(_ pod: Pod) {
        kind = Pod.resource.kind
        name = pod.metadata.name
        stage = pod.metadata.labels[Labels.stage]
        createdAt = pod.metadata.creationTimestamp
        let isOver = pod.phase == "Succeeded"
        let unwell = pod.allContainerStatuses.lazy.compactMap(\.trouble).first
        state = pod.isReady || isOver ? .ready : unwell == nil ? .waiting : .unwell
        reason = pod.isReady || isOver ? nil : unwell?.reason ?? "starting"
        message =
            pod.isReady ? "" : isOver ? "Ended with success." : unwell?.message ?? pod.conditions["PodScheduled"]?.message ?? ""
    }
}

extension Manifest {
    fileprivate var isWorkload: Bool { [.statefulSet, .deployment, .job, .persistentVolumeClaim].contains(resource) }
}

extension ContainerStatus {
    /// Why the container does not run, where something is wrong with it.
    fileprivate var trouble: (reason: String, message: String)? {
        switch state {
        case .waiting(let reason?, let message) where reason != "ContainerCreating" && reason != "PodInitializing":
            return (reason, (lastState?.terminated.map(ContainerStatus.words) ?? message ?? "").asOneLine(limit: 400))
        case .terminated(let end) where end.exitCode != 0:
            return (end.reason ?? "Error", ContainerStatus.words(of: end).asOneLine(limit: 400))
        default: return nil
        }
    }

    private static func words(of end: ContainerTermination) -> String { "code \(end.exitCode): \(end.message ?? end.reason ?? "")" }
}
