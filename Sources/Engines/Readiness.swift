import Kubernetes
import Stores

/// How far a stage is, by what the cluster shows of its objects.
package enum StageState: Sendable, Hashable {
    /// Something it needs is not ready.
    case blocked
    /// Its objects are not all there as they should be.
    case missing
    case waiting(Cause)
    /// It will not become ready by waiting.
    case failed(Cause)
    case ready

    package var wait: Cause? { if case .waiting(let cause) = self { cause } else { nil } }

    package var failure: Cause? { if case .failed(let cause) = self { cause } else { nil } }
}

/// Why something is not ready: a stable code, and a sentence that says what happened and, where there is something, what to do.
package struct Cause: Sendable, Hashable {
    package let reason: String
    package let message: String

    package init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }
}

extension Stage {
    /// The objects that are not there as their manifests say. Kinds that were not read count only together with those that were: what is not
    /// known to be there is written with what is known to be missing.
    func missing(in observation: Observation) -> [Manifest] {
        let unknown = manifests.filter { manifest in
            guard let hash = observation.hashes[manifest.id] else { return true }
            if observation.lacksLabels(of: manifest) { return true }
            return !manifest.isMadeOnce && hash != manifest.hash
        }
        return unknown.contains { observation.hasRead($0.resource) } ? unknown : []
    }

    /// The state of a stage whose objects are there.
    /// - Parameter isLive: the store has been ready: then it counts that its shop answers, also while a new revision is rolled out.
    func state(in observation: Observation, isLive: Bool = false) -> StageState {
        var waiting: Cause?
        for manifest in manifests {
            switch Readiness.state(of: manifest, in: observation, isLive) {
            case .ready, .blocked, .missing: continue
            case .failed(let cause): return .failed(cause)
            case .waiting(let cause): waiting = waiting ?? cause
            }
        }
        guard let waiting else { return .ready }
        return Diagnosis.of(self, waiting, in: observation)
    }
}

/// When an object of a kind counts as ready.
private enum Readiness {
    static func state(of manifest: Manifest, in observation: Observation, _ isLive: Bool) -> StageState {
        let name = manifest.name
        switch manifest.resource {
        case .persistentVolumeClaim:
            guard let claim = observation.claims.first(where: { $0.metadata.name == name }) else { return .missing }
            let waitsForPod = claim.storageClassName.map(observation.waitingStorageClasses.contains) ?? false
            if claim.phase == "Bound" || waitsForPod { return .ready }
            return .waiting(
                Cause(
                    "volume_pending",
                    "Waiting for the volume “\(name)”: no volume of \(claim.storageClassName.map { "the class “\($0)”" } ?? "the default class") has been bound to it yet."
                ))
        case .statefulSet:
            guard let set = observation.statefulSets.first(where: { $0.metadata.name == name }) else { return .missing }
            return set.isRolledOut ? .ready : .waiting(Cause("pods_starting", "Waiting for “\(name)”: its pod is starting."))
        case .deployment:
            guard let deployment = observation.deployments.first(where: { $0.metadata.name == name }) else { return .missing }
            if deployment.isRolledOut || (isLive && deployment.availableReplicas > 0) { return .ready }
            if let failure = deployment.conditions["ReplicaFailure"], failure.isTrue { return Diagnosis.ofRefusal(failure.words) }
            return .waiting(Cause("pods_starting", "Waiting for “\(name)”: its pod is starting."))
        case .job: return job(name, in: observation, isLive)
        default: return .ready
        }
    }

    private static func job(_ name: String, in observation: Observation, _ isLive: Bool) -> StageState {
        guard let job = observation.jobs.first(where: { $0.metadata.name == name }) else { return .missing }
        // The Job says Complete two seconds after its container has ended; the pod says it at once.
        let pods = observation.pods.filter {
            $0.metadata.labels["batch.kubernetes.io/job-name"] == name || $0.metadata.labels["job-name"] == name
        }
        let hasEndedWell = pods.contains { pod in
            !pod.containerStatuses.isEmpty && pod.containerStatuses.allSatisfy { $0.state?.terminated?.exitCode == 0 }
        }
        if job.isComplete || hasEndedWell { return .ready }
        if let failure = job.failure {
            return .failed(Diagnosis.ofSetup(pods, failure.words))
        }
        // A new version's set-up runs beside a shop that goes on selling.
        if isLive { return .ready }
        return .waiting(Cause("setup_running", "Waiting for the set-up: it is installing the shop."))
    }
}

extension Stage {
    /// How far the stage is, whatever the others do: for showing it.
    package func currentState(in observation: Observation) -> StageState {
        missing(in: observation).isEmpty ? state(in: observation) : .missing
    }
}
