package import JSON

/// The API server's account of a failure: its `Status` object.
package struct Status: Sendable, Hashable {
    /// HTTP's.
    package let code: Int
    /// `NotFound`, `AlreadyExists` … Empty where the server gives none, as it does for an unknown field under strict validation.
    package let reason: String
    package let message: String
    package let causes: [Cause]
    package let retryAfterSeconds: Int?

    package struct Cause: Sendable, Hashable {
        package let reason: String
        package let message: String
        package let field: String
    }

    /// - Parameter code: the answer's own, for a document without one.
    package init(json: JSONValue?, code: Int) {
        self.code = json?["code"]?.integer ?? code
        reason = json?["reason"]?.string ?? ""
        message = json?["message"]?.string ?? "status \(code)"
        let details = json?["details"]
        causes =
            details?["causes"]?.array?.map {
                Cause(reason: $0["reason"]?.string ?? "", message: $0["message"]?.string ?? "", field: $0["field"]?.string ?? "")
            } ?? []
        retryAfterSeconds = details?["retryAfterSeconds"]?.integer
    }
}
