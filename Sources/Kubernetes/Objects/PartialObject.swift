package import JSON

/// Any object reduced to its metadata: all that a comparison of many objects needs, in a tenth of the bytes.
package struct PartialObject: Sendable, Hashable {
    package let apiVersion: String
    package let kind: String
    package let metadata: ObjectMeta

    /// Keeps the kind that the answer names; a metadata-only answer says `PartialObjectMetadata` of everything.
    package init(json: JSONValue) {
        apiVersion = json["apiVersion"]?.string ?? ""
        kind = json["kind"]?.string ?? ""
        metadata = ObjectMeta(of: json)
    }

    /// An object out of an answer about `resource`, under that resource's own kind.
    package init(json: JSONValue, of resource: Resource) {
        apiVersion = resource.apiVersion
        kind = resource.kind
        metadata = ObjectMeta(of: json)
    }
}
