package import JSON

/// What the server answers instead of an object: why it refused, or that a deletion is done.
///
/// Source: `k8s.io/apimachinery/pkg/apis/meta/v1/types.go`.
package struct Status: Sendable, Hashable {
    /// The HTTP status.
    package let code: Int
    /// One word: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Expired` … Empty where the server gave none, as for an
    /// unknown field in a server-side apply (500).
    package let reason: String
    /// A sentence for people; text from outside, of any length.
    package let message: String
    package let details: StatusDetails?
    /// With 410 on an expired page of a list: a token with which to go on, if not at the same moment's state.
    package let continueToken: String?

    package init(code: Int, reason: String = "", message: String = "", details: StatusDetails? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        continueToken = nil
    }

    /// - Parameter code: what to take where the document names none: the status line's.
    package init(json: JSONValue, code: Int = 0) {
        self.code = json["code"]?.integer ?? code
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
        continueToken = json[path: "metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        details = json["details"]?.object.map { StatusDetails(json: .object($0)) }
    }
}

/// What a `Status` is about.
package struct StatusDetails: Sendable, Hashable {
    package let name: String?
    /// In refusals the plural resource (`pods`), in validation errors the kind (`Namespace`).
    package let kind: String?
    package let group: String?
    package let uid: String?
    package let causes: [StatusCause]
    package let retryAfterSeconds: Int?

    package init(json: JSONValue) {
        name = json["name"]?.string
        kind = json["kind"]?.string
        group = json["group"]?.string
        uid = json["uid"]?.string
        causes = json["causes"]?.array?.map(StatusCause.init(json:)) ?? []
        retryAfterSeconds = json["retryAfterSeconds"]?.integer
    }
}

/// One of the faults of a refused object.
package struct StatusCause: Sendable, Hashable {
    /// `FieldValueInvalid`, `FieldManagerConflict`, `NamespaceTerminating` …
    package let reason: String
    package let message: String
    /// A path: `spec.template.metadata.labels`, or `.data.a` for a conflict of managers.
    package let field: String?

    package init(json: JSONValue) {
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
        field = json["field"]?.string
    }
}
