package import struct Foundation.Date

/// Something that happened to a store. Append-only; it survives the store.
package struct StoreEvent: Sendable, Hashable {
    package let storeID: StoreID
    /// 1, 2, 3 … for each store, without gaps.
    package let seq: Int
    package let at: Date
    package let kind: Kind
    /// The stage of provisioning it is about.
    package let stage: StageName?
    /// The phase the store was in after it.
    package let phase: StorePhase
    package let reason: String?
    /// A sentence for people.
    package let message: String

    package init(
        storeID: StoreID, seq: Int, at: Date, kind: Kind, stage: StageName?, phase: StorePhase, reason: String?, message: String
    ) {
        self.storeID = storeID
        self.seq = seq
        self.at = at
        self.kind = kind
        self.stage = stage
        self.phase = phase
        self.reason = reason
        self.message = message
    }

    /// The code of what happened: the `type` of an event in the API.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case created, renamed, adopted
        /// Something of it was missing or changed in the cluster and was put right.
        case healed
        /// Its objects were brought to what a new version of the platform wants.
        case updated
        case stageStarted = "stage_started"
        case stageWaiting = "stage_waiting"
        case stageCompleted = "stage_completed"
        /// The engine's set-up program has done one of its steps; the reason is the step's name.
        case setupStep = "setup_step"
        case phaseChanged = "phase_changed"
        case retryRequested = "retry_requested"
        case deletionRequested = "deletion_requested"
        case warning
    }
}

/// A step of bringing a shop up that a merchant can follow, in the order in which they begin.
package enum StageName: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The namespace, with Pod Security and a service account.
    case namespace
    /// Quota, limits and network policies: all of the isolation, before the first pod.
    case limits
    /// Secrets and configuration.
    case settings
    /// Volume claims.
    case storage
    case database
    /// The engine's own installation, run once and verified.
    case setup
    /// The pods that answer customers.
    case shop
    /// The way in from outside; last, so that nothing half-made can be reached.
    case address

    package static func < (one: StageName, other: StageName) -> Bool {
        (allCases.firstIndex(of: one) ?? 0) < (allCases.firstIndex(of: other) ?? 0)
    }

    /// As the dashboard and the messages call it.
    package var title: String {
        switch self {
        case .namespace: "namespace"
        case .limits: "limits"
        case .settings: "settings"
        case .storage: "storage"
        case .database: "database"
        case .setup: "set-up"
        case .shop: "shop"
        case .address: "address"
        }
    }

    /// What is said when it begins, and when it is done.
    package var sentences: (begun: String, done: String) {
        switch self {
        case .namespace: ("Making the namespace.", "The namespace is there.")
        case .limits: ("Setting limits and network rules.", "Limits and network rules are in place.")
        case .settings: ("Writing settings and passwords.", "Settings and passwords are in place.")
        case .storage: ("Claiming volumes.", "The volumes are there.")
        case .database: ("Starting the database.", "The database is up.")
        case .setup: ("Starting the set-up.", "The set-up has finished.")
        case .shop: ("Starting the shop.", "The shop answers.")
        case .address: ("Opening the address.", "The address is open.")
        }
    }
}
