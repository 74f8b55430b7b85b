package import JSON

/// An object as we read it back: the parts we use, typed. What we send is JSON, made by pure functions.
package protocol KubernetesObject: Sendable {
    static var resource: Resource { get }
    var metadata: ObjectMeta { get }

    /// Takes whatever the server sent: a member that is missing or of an unknown value is nil or empty, never an error,
    /// since a newer server may know phases and reasons that we do not.
    init(json: JSONValue)
}
