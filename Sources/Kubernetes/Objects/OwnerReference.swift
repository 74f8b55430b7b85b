package import JSON

/// The object that made this one, and with which it is deleted.
package struct OwnerReference: Sendable, Hashable {
    package let kind: String
    package let name: String
    package let uid: String
    /// Whether the owner is the one controller that manages this object.
    package let isController: Bool

    package init(json: JSONValue) {
        kind = json["kind"]?.string ?? ""
        name = json["name"]?.string ?? ""
        uid = json["uid"]?.string ?? ""
        isController = json["controller"]?.bool ?? false
    }

    static func owners(of json: JSONValue) -> [OwnerReference] {
        json[path: "metadata", "ownerReferences"]?.array?.map(OwnerReference.init(json:)) ?? []
    }
}
