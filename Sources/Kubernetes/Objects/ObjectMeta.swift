package import Foundation
package import JSON

/// The part of `metadata` that we read.
package struct ObjectMeta: Sendable, Hashable {
    package let name: String
    /// Nil for what belongs to the cluster.
    package let namespace: String?
    package let uid: String
    /// Opaque; only ever compared for equality or sent back.
    package let resourceVersion: String
    package let generation: Int?
    /// RFC 3339, as the server wrote it.
    package let creationTimestamp: String?
    /// Set once somebody has asked for its deletion.
    package let deletionTimestamp: String?
    package let labels: [String: String]
    package let annotations: [String: String]
    package let finalizers: [String]
    /// Whether another object owns it and takes it along.
    package let hasOwner: Bool

    /// Whether its `managedFields` name a hand other than ours and the cluster's own components: it may not say what we last said.
    package let isTouchedByOthers: Bool

    /// Nil where there is none or it is no time.
    package var createdAt: Date? {
        guard let creationTimestamp else { return nil }
        do {
            return try Date(creationTimestamp, strategy: .iso8601)
        } catch {
            return nil
        }
    }

    /// - Parameter json: a whole object or a `PartialObjectMetadata`: what has `metadata`.
    package init(of json: JSONValue) {
        let metadata = json["metadata"]
        name = metadata?["name"]?.string ?? ""
        namespace = metadata?["namespace"]?.string
        uid = metadata?["uid"]?.string ?? ""
        resourceVersion = metadata?["resourceVersion"]?.string ?? ""
        generation = metadata?["generation"]?.integer
        creationTimestamp = metadata?["creationTimestamp"]?.string
        deletionTimestamp = metadata?["deletionTimestamp"]?.string
        labels = ObjectMeta.strings(metadata?["labels"])
        annotations = ObjectMeta.strings(metadata?["annotations"])
        finalizers = metadata?["finalizers"]?.array?.compactMap(\.string) ?? []
        isTouchedByOthers = metadata?["managedFields"]?.array?.contains(where: ObjectMeta.isOthers) ?? false
        hasOwner = metadata?["ownerReferences"]?.array?.isEmpty == false
    }

    /// The state of an object, `status`, is written by whoever looks after it.
    private static func isOthers(_ entry: JSONValue) -> Bool {
        guard entry["subresource"] == nil, let manager = entry["manager"]?.string else { return false }
        return manager != "store-platform" && !manager.hasPrefix("kube-")
    }

    static func strings(_ value: JSONValue?) -> [String: String] {
        var strings: [String: String] = [:]
        for member in value?.object ?? [:] { strings[member.key] = member.value.string }
        return strings
    }
}
