package import Postgres
package import Stores

/// Who did what, with what result. What comes from outside is cut to the lengths that the table takes.
package struct AuditRecord: Sendable {
    /// Nil where the caller did not show who it is.
    package let principal: Principal?
    package let remoteAddress: String
    package let requestID: String
    /// `store.create`, `store.delete` …
    package let action: String
    /// What it was done to: an id, or what was asked for where there is none.
    package let target: String
    /// JSON of the state before and after; never a secret.
    package let before: JSONB?
    package let after: JSONB?
    /// `ok`, `unchanged`, or the code of the refusal.
    package let result: String

    /// The request did what it asked for.
    package static let ok = "ok"
    /// It was answered with success and there was nothing to do: it had been done before.
    package static let unchanged = "unchanged"

    package init(
        principal: Principal?, remoteAddress: String, requestID: String, action: String, target: String, before: JSONB? = nil,
        after: JSONB? = nil, result: String = AuditRecord.ok
    ) {
        self.principal = principal
        self.remoteAddress = bounded(remoteAddress, 64)
        self.requestID = bounded(requestID, 64)
        self.action = bounded(action, 64)
        self.target = bounded(target, 255)
        self.before = before
        self.after = after
        self.result = bounded(result, 64)
    }

    /// As people call it: the token's name.
    var actor: String { principal.map { bounded($0.name, 255) } ?? "anonymous" }
    var role: String { principal?.role.rawValue ?? "none" }
    var account: String { principal?.account ?? "none" }
}

/// PostgreSQL counts characters as Unicode scalars, and stores no NUL.
private func bounded(_ text: String, _ length: Int) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.lazy.filter { $0 != "\0" }.prefix(length))
    return String(scalars)
}
