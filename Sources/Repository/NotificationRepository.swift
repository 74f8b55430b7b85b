package import Postgres

/// NOTIFY, by the names of its channels. A hint to those who listen, sent apart from the transaction it tells of: a NOTIFY inside would make
/// all of them commit one after another.
package enum NotificationRepository {
    /// There is work that is due.
    package static let work = "work"
    /// A store has a new event; the payload is its id.
    package static let events = "events"

    /// - Parameter storeIDs: whose events there are; more than fit in 8 000 bytes are told as one without a name.
    package static func notify(work isDue: Bool, events storeIDs: [String], on db: isolated Connection) throws(PostgresError) {
        if isDue { try db.execute("SELECT pg_notify(\(work), '')") }
        guard !storeIDs.isEmpty else { return }
        let payload = storeIDs.count > 500 ? "" : storeIDs.joined(separator: ",")
        try db.execute("SELECT pg_notify(\(events), \(payload))")
    }
}
