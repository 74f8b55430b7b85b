/// How large a shop may be: its name, and what the platform promises of it in words. The engines turn it into requests and limits.
package struct PlanID: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }

    package static let small = PlanID(rawValue: "small")
    package static let medium = PlanID(rawValue: "medium")
    package static let large = PlanID(rawValue: "large")
}

/// What stores that need the same of the cluster have in common.
package struct StoreKind: Sendable, Hashable {
    package let engine: EngineID
    package let plan: PlanID

    package init(_ engine: EngineID, _ plan: PlanID) {
        self.engine = engine
        self.plan = plan
    }
}
