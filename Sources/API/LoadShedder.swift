import HTTP
import Postgres
import Stores

/// Refuses at once what would only make the queue for the database longer, before anything was asked of it. Deletions make room: they go
/// before everything else, unless they come from somebody who need not be anybody.
struct LoadShedder: Sendable {
    private static let limit: Duration = .milliseconds(500)

    let access: Access
    /// How long the one has waited for the database that came first; nil where nobody waits.
    let longestWait: @Sendable () -> Duration?

    func callAsFunction(_ guarded: Guarded) -> Guarded {
        Guarded(permission: guarded.permission) { request in
            if guarded.permission == .deleteStores, access.isKnown(request) {
                return try await ConnectionPool.$isUrgent.withValue(true) { try await guarded.handler(request) }
            }
            if let wait = longestWait(), wait > LoadShedder.limit { throw StoreError.overloaded }
            return try await guarded.handler(request)
        }
    }
}
