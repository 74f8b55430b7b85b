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
    /// The caller's role does not have what the route needs.
    case forbidden(Permission, Role)
    /// A change that a cookie or a proxy vouches for came without the proof that it is not forged.
    case proofMissing
    /// The proxy knows who it is; none of the groups has a role here.
    case withoutRole(name: String)
    /// The proxy knows who it is; the account in which the group has its role is not open.
    case withoutAccount(name: String, account: String)
    case tooManyRequests(RateLimit.Verdict)
    /// As many answers as may be written to the caller at a time are.
    case tooManyStreams(limit: Int)
    /// Requests have been waiting for the database for too long; nothing was looked at.
    case overloaded
    case accountNotFound
    case tokenNotFound
    /// Another account has this id, or had it.
    case accountTaken(String)
    case accountInUse(String, stores: Int)
    /// The account that cannot be closed.
    case accountIsNeeded
    /// The first administrator's token changes with the configuration alone.
    case tokenIsConfigured
    /// One store more would pass a limit of the account; the words complete «The account …».
    case quotaExceeded(account: String, String)
    /// One store more would pass the platform's limit.
    case platformIsFull(limit: Int)
    /// The nodes have no room for one store more; the words complete «The cluster …».
    case clusterIsFull(String)
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
