package import JSON

package struct ResourceQuota: KubernetesObject {
    package static let resource = Resource.resourceQuota
    package let metadata: ObjectMeta
    /// Canonical quantities by resource name: `["pods": "8"]`.
    package let hard: [String: String]
    package let used: [String: String]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        hard = ResourceQuota.quantities(json[path: "status", "hard"])
        used = ResourceQuota.quantities(json[path: "status", "used"])
    }

    private static func quantities(_ json: JSONValue?) -> [String: String] {
        var quantities: [String: String] = [:]
        for member in json?.object ?? [:] { quantities[member.key] = member.value.string }
        return quantities
    }
}
