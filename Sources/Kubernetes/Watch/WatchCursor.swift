import JSON

/// Where a watch stands, and what each line of it means. Pure: the wire is `WatchSequence`'s.
struct WatchCursor: Sendable, Hashable {
    enum Meaning: Hashable {
        case event(WatchEvent)
        /// A bookmark: nothing has happened, but time has passed.
        case nothing
        /// The history from here is no longer kept (410): list again.
        case expired
        /// The server gave up in the middle of the stream; going on from here may work.
        case broken(Status)
        /// Not a line of a watch.
        case malformed
    }

    /// Everything up to here has been told.
    private(set) var resourceVersion: String

    mutating func read(_ line: some Sequence<UInt8>) -> Meaning {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: line, allowingNUL: true)
        } catch {
            return .malformed
        }
        guard let type = json["type"]?.string, let object = json["object"] else { return .malformed }
        // An ERROR carries a Status, whose resourceVersion, if any, is none of the list's: it must not move the cursor.
        if type == "ERROR" {
            let status = Status(json: object)
            return KubernetesError.status(status).isExpired ? .expired : .broken(status)
        }
        guard let version = object[path: "metadata", "resourceVersion"]?.string, !version.isEmpty else { return .malformed }
        resourceVersion = version
        return switch type {
        case "ADDED": .event(.added(object))
        case "MODIFIED": .event(.modified(object))
        case "DELETED": .event(.deleted(object))
        // BOOKMARK, and whatever a newer server may add.
        default: .nothing
        }
    }
}
