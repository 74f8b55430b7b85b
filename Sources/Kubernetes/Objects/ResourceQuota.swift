package import JSON

/// What a namespace may use and what it uses, both by resource (`requests.memory`) as quantities (`512Mi`).
package struct ResourceQuota: KubernetesObject, Hashable {
    package static let resource = Resource.resourceQuota

    package let metadata: ObjectMeta
    /// The limits in force (`status.hard`), or those asked for while the controller has not yet taken them up.
    package let hard: [String: String]
    /// Empty until the controller has counted: until then the quota refuses every pod.
    package let used: [String: String]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        hard = ResourceQuota.quantities(json[path: "status", "hard"] ?? json[path: "spec", "hard"])
        used = ResourceQuota.quantities(json[path: "status", "used"])
    }

    private static func quantities(_ value: JSONValue?) -> [String: String] {
        var quantities: [String: String] = [:]
        for member in value?.object ?? [:] { quantities[member.key] = member.value.string }
        return quantities
    }
}
