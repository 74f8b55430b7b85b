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
    /// The API server could not be asked: nothing was found out.
    private(set) var isInterrupted = false

    init(store: Store, stages: [Stage]) {
        self.store = store
        self.stages = stages
    }

    mutating func take(_ decision: Decision, _ observation: Observation) {
        // Of two events the later counts, but a loss that was found stays until the store is ready again.
        event = decision.event ?? event
        cause = decision.cause
        states = decision.stages
        isSettled = decision.isSettled
        namespaceUID = observation.namespace?.metadata.uid
    }

    mutating func wrote(_ stage: StageName) { written.insert(stage) }

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
            cause = Cause("cluster_unavailable", "Waiting for the cluster: \(error.description).")
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
