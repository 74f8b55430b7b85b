/// What went wrong between us and PostgreSQL. Never holds a bound value or a password.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The server refused the statement.
        case server(SQLState, constraint: String?)
        /// No connection could be made.
        case unreachable
        /// The connection broke; the statement may or may not have run.
        case connectionLost
        /// The connection broke while COMMIT was under way: whether it took effect is to be found out by looking.
        case commitUnknown
        /// Every connection of the pool stayed in use for longer than the caller may wait.
        case poolExhausted
        /// The calling task was cancelled.
        case cancelled
        /// A column does not hold what was expected of it.
        case decoding(String)
        /// A value cannot be sent: it holds a NUL.
        case unencodable
        /// The migrations on disk and those applied do not agree.
        case migration
    }

    package let kind: Kind
    /// A sentence for the log.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String {
        switch kind {
        case .server(let state, _): "\(message) (SQLSTATE \(state.rawValue))"
        default: message
        }
    }

    /// The constraint that was violated, where that is what happened.
    package var violatedConstraint: String? {
        if case .server(_, let constraint) = kind { constraint } else { nil }
    }

    package var sqlState: SQLState? {
        if case .server(let state, _) = kind { state } else { nil }
    }

    /// Whether the database could not be reached or could not serve, through no fault of the statement.
    package var isUnavailability: Bool {
        switch kind {
        case .unreachable, .connectionLost, .commitUnknown, .poolExhausted: true
        case .server(let state, _): state.meansUnavailable
        case .cancelled, .decoding, .unencodable, .migration: false
        }
    }
}

/// PostgreSQL's five-character error codes (Appendix A of its manual).
package struct SQLState: RawRepresentable, Sendable, Hashable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let uniqueViolation = SQLState(rawValue: "23505")
    package static let foreignKeyViolation = SQLState(rawValue: "23503")
    package static let checkViolation = SQLState(rawValue: "23514")
    package static let serializationFailure = SQLState(rawValue: "40001")
    package static let deadlockDetected = SQLState(rawValue: "40P01")
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    package static let queryCanceled = SQLState(rawValue: "57014")
    package static let readOnlyTransaction = SQLState(rawValue: "25006")
    package static let inFailedTransaction = SQLState(rawValue: "25P02")
    package static let undefinedTable = SQLState(rawValue: "42P01")

    /// The server is shutting down, starting up, full or read-only: a replica that was promoted or demoted, say.
    var meansUnavailable: Bool {
        rawValue.hasPrefix("57P") || rawValue.hasPrefix("08") || rawValue.hasPrefix("53") || self == .readOnlyTransaction
    }

    /// A connection that met this is of no more use, though it may look well.
    var spoilsConnection: Bool {
        meansUnavailable || rawValue == "0A000" || rawValue == "26000"  // a prepared statement that a migration has outdated
    }
}
