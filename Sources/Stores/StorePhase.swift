/// Where a store stands. Codes, not sentences: they are in the database, the API and the dashboard alike.
package enum StorePhase: String, Sendable, Hashable, CaseIterable {
    /// Accepted; nothing of it is in the cluster yet. Left by the provisioner's first pass.
    case pending
    /// Its objects are being made and its pods are starting. Left by the provisioner when the last stage is ready, the deadline has
    /// passed or a cause is found that cannot heal; if the worker dies, the lease runs out and another goes on from what it sees.
    case provisioning
    /// It can sell. Left when the cluster shows otherwise, or on request.
    case ready
    /// It was ready and does not answer now; the message has the cause. Left by the provisioner when the cluster shows it well again.
    case degraded
    /// The platform has stopped trying; the message has the cause and what to do. Left by a retry or a deletion.
    case failed
    /// Its pods are stopped on request, its data kept. Left by a resume.
    case suspended
    /// Its namespace is being removed. Left only when the cluster answers 404 for it.
    case deleting
    /// Gone; the row remains as a tombstone, its address is free again, its id never. Final.
    case deleted
}

/// What can happen to a store, as far as its phase is concerned.
package enum PhaseEvent: String, Sendable, Hashable, CaseIterable {
    /// The provisioner has begun to make its objects.
    case started
    /// Every stage is ready and the shop is verified.
    case becameReady
    /// Something that was ready no longer is.
    case becameUnwell
    /// The deadline passed, or a cause was found that does not heal by waiting.
    case gaveUp
    /// The merchant asked for another attempt.
    case retryRequested
    case suspendRequested
    case resumeRequested
    case deletionRequested
    /// The cluster answered 404 for the namespace of a store that is to be absent.
    case namespaceGone
    /// The namespace of a store that is wanted is missing: it is made again.
    case namespaceLost
}

extension StorePhase {
    /// The phase that follows; nil where the event means nothing in this phase, and the caller is told so.
    package func after(_ event: PhaseEvent) -> StorePhase? {
        switch (self, event) {
        case (.pending, .started): .provisioning
        case (.pending, .becameReady), (.provisioning, .becameReady), (.degraded, .becameReady): .ready
        case (.pending, .gaveUp), (.provisioning, .gaveUp): .failed
        case (.ready, .becameUnwell): .degraded
        case (.failed, .retryRequested), (.degraded, .retryRequested): .provisioning
        case (.ready, .suspendRequested), (.degraded, .suspendRequested): .suspended
        case (.suspended, .resumeRequested): .provisioning
        case (.ready, .namespaceLost), (.degraded, .namespaceLost): .provisioning
        case (.deleting, .namespaceGone): .deleted
        case (.deleting, .deletionRequested), (.deleted, .deletionRequested): nil
        case (_, .deletionRequested): .deleting
        default: nil
        }
    }

    /// Whether the provisioner has something to bring about in this phase.
    package var isMoving: Bool {
        switch self {
        case .pending, .provisioning, .deleting: true
        case .ready, .degraded, .failed, .suspended, .deleted: false
        }
    }
}
