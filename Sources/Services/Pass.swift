import Engines
import Kubernetes
import Stores

/// What a pass over a store has found and done, until it is recorded.
struct Pass: Sendable {
    let store: Store
    let stages: [Stage]
    private(set) var event: PhaseEvent?
    private(set) var cause: Cause?
    private(set) var states: [StageName: StageState] = [:]
    private(set) var written: Set<StageName> = []
    private(set) var namespaceUID: String?
    private(set) var isSettled = false
    /// Everything was as it should be.
    private(set) var isWell = false
    /// How all of it looked then.
    private(set) var seal: String?
    /// What was found gone, or not as it should be, of a store that had been ready.
    private(set) var missing: [ObjectID] = []
    private(set) var changed: [ObjectID] = []
    private(set) var wasVerified = false
    /// What the set-up program has said so far.
    var setupSteps: [SetupStep] = []
    /// The reason that a pass gives whose calls failed.
    static let interruption = "cluster_unavailable"
    /// The API server could not be asked: nothing was found out.
    private(set) var isInterrupted = false

    /// See `EngineRegistry.manifestsHash`.
    let manifestsHash: String?

    init(store: Store, stages: [Stage], manifestsHash: String?) {
        self.store = store
        self.stages = stages
        self.manifestsHash = manifestsHash
    }

    mutating func take(_ decision: Decision, _ observation: Observation) {
        // Of two events the later counts, but a loss that was found stays until the store is ready again.
        event = decision.event ?? event
        cause = decision.cause
        states = decision.stages
        isSettled = decision.isSettled && decision.actions.isEmpty
        isWell = decision.isWell
        seal = observation.seal?.text
        namespaceUID = decision.isForeign ? nil : observation.namespace?.metadata.uid
    }

    /// Takes in that objects of a stage are about to be written.
    mutating func note(_ manifests: [Manifest], of stage: StageName, in observation: Observation) {
        written.insert(stage)
        guard store.isLive, event != .namespaceLost else { return }
        for manifest in manifests where observation.hasRead(manifest.resource) {
            if observation.hashes[manifest.id] == nil { missing.append(manifest.id) } else { changed.append(manifest.id) }
        }
    }

    mutating func note(changed objects: [ObjectID]) {
        wasVerified = true
        for object in objects where !changed.contains(object) && !missing.contains(object) { changed.append(object) }
    }

    /// Whether somebody may be waiting for what the set-up does next.
    var followsSetup: Bool { (store.phase == .pending || store.phase == .provisioning) && states[.setup] != nil }

    /// Whether its objects are another version's, so that a difference is nobody's doing.
    var isUpdate: Bool { store.manifestsHash != nil && store.manifestsHash != manifestsHash }

    /// Turns a refusal of the cluster into a cause that is shown; what is no refusal is thrown on.
    mutating func meet(_ error: KubernetesError) throws {
        isSettled = false
        if error.isForbiddenByQuota {
            cause = Cause("quota_exceeded", "The store's quota does not allow it: \(error.description)")
        } else if error.isForbiddenByPodSecurity {
            cause = Cause("pod_security", "The cluster's pod security refuses the store's pods: \(error.description)")
        } else if error.isForbiddenByAccess || error.isUnauthorized {
            cause = Cause(
                "access_denied",
                "The cluster does not let the platform do its work: \(error.description). Check the rights of its service account.")
        } else if error.isNamespaceTerminating {
            cause = Cause("namespace_terminating", "The namespace is on its way out; it is made again as soon as it has gone.")
        } else if error.isTransient {
            cause = Cause(Pass.interruption, "Waiting for the cluster: \(error.description).")
            isInterrupted = true
        } else if error.isConflict || error.isNotFound {
            cause = nil  // something has moved since it was read: the next look is a fresh one
        } else if error.isCancelled {
            throw error
        } else {
            cause = Cause("refused", "The cluster refuses an object of the store: \(error.description)")
            event = store.phase.after(.gaveUp) == nil ? nil : .gaveUp
        }
    }

    /// The phase the store is in after this pass.
    var phase: StorePhase {
        guard let event, !isInterrupted || event == .started else { return store.phase }
        return store.phase.after(event) ?? store.phase
    }
}

extension Decision {
    /// Whether the cluster's own warnings may explain what is wrong.
    var isUnwell: Bool { stages.values.contains { $0.wait?.reason == "pods_starting" } }

    var writesClaims: Bool {
        actions.contains { action in
            if case .write(.storage, _) = action { true } else { false }
        }
    }
}

extension KubernetesError {
    /// Whether the same call may succeed later without anything else being changed.
    fileprivate var isTransient: Bool {
        isUnreachable || isTimeout || isMalformedAnswer || isTooManyRequests || (isServerFault && !isUnknownField)
    }

    /// Strict validation answers an unknown field with 500 and no reason.
    private var isUnknownField: Bool { status?.message.contains("field not declared in schema") ?? false }
}
