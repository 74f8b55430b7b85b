package import JSON

/// An object of any kind, its metadata alone.
package struct PartialObject: Sendable, Hashable {
    package let metadata: ObjectMeta

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
    }
}
