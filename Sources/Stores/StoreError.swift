/// Why a use case was refused. Mapped to a problem document once, by an exhaustive switch.
package enum StoreError: Error, Sendable, Hashable {
    case notFound(StoreID)
    /// The address belongs to another store; its id is given where it is the caller's own.
    case addressTaken(Slug, by: StoreID?)
    case invalid([InvalidField])
    /// The request does not fit the phase the store is in.
    case wrongPhase(StorePhase, request: String)
    /// The row has changed since the caller read it.
    case stale(version: Int)
    case unauthenticated
    /// The Idempotency-Key was used before with another body.
    case idempotencyKeyReused
    /// The database cannot be reached; nothing was done, or what was done is found by the same request again.
    case unavailable(String)

    package struct InvalidField: Sendable, Hashable {
        package let name: String
        /// A sentence.
        package let message: String

        package init(name: String, message: String) {
            self.name = name
            self.message = message
        }
    }
}
