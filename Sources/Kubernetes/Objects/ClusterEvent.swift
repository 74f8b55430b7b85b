package import JSON

/// An `Event`: what a component of the cluster has to say of an object.
package struct ClusterEvent: KubernetesObject {
    package static let resource = Resource.event
    package let metadata: ObjectMeta
    /// `Normal` or `Warning`.
    package let type: String
    package let reason: String
    package let message: String
    package let count: Int
    package let involvedKind: String
    package let involvedName: String

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        type = json["type"]?.string ?? ""
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
        count = json["count"]?.integer ?? 1
        involvedKind = json[path: "involvedObject", "kind"]?.string ?? ""
        involvedName = json[path: "involvedObject", "name"]?.string ?? ""
    }
}
