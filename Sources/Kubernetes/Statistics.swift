/// The verbs of the Kubernetes API that the client uses, as its audit log calls them; `apply` is a `patch` there.
package enum Verb: String, Sendable, Hashable, CaseIterable {
    case get, list, watch, create, apply, update, delete
    case deleteCollection = "deletecollection"
}

/// What a client has done since it was made.
package struct Statistics: Sendable, Hashable {
    /// Calls by verb. A list counts once a page, a watch once a connection, and repetitions are not counted here.
    package internal(set) var calls: [Verb: Int] = [:]
    /// Requests sent again, after a refusal that asked for it or a broken connection.
    package internal(set) var retries = 0
    /// Calls that ended without the answer they were for.
    package internal(set) var failures = 0
    /// How often the server had failed so many calls in a row that the next were not sent.
    package internal(set) var shutOuts = 0
    /// Connections opened.
    package internal(set) var connections = 0
}
