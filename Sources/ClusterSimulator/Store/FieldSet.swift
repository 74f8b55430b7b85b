import JSON

/// Which fields of an object somebody owns: the tree that `managedFields` writes as FieldsV1 (structured-merge-diff, `fieldpath`).
struct FieldSet: Equatable {
    /// `f:name`, `k:{"name":"web"}`, `v:"text"`; `.` is the item itself.
    private(set) var children: [String: FieldSet] = [:]

    var isEmpty: Bool { children.isEmpty }

    /// The fields of a document. Lists with keys are walked item by item; any other list and any atomic map is one field.
    init(of value: JSONValue, at path: [String] = []) {
        guard let object = value.object else { return }
        for member in object {
            children["f:" + member.key] = FieldSet.field(member.value, at: path + [member.key])
        }
    }

    private static func field(_ value: JSONValue, at path: [String]) -> FieldSet {
        if let list = value.array, let keys = MergeKeys.of(path) {
            var set = FieldSet()
            for item in list {
                var child = FieldSet(of: item, at: path)
                if !keys.isEmpty { child.children["."] = FieldSet() }
                set.children[MergeKeys.element(of: item, keys)] = child
            }
            return set
        }
        if value.object != nil, !MergeKeys.isAtomic(path) { return FieldSet(of: value, at: path) }
        return FieldSet()
    }

    init() {}

    init(fieldsV1 json: JSONValue?) {
        for member in json?.object ?? [:] { children[member.key] = FieldSet(fieldsV1: member.value) }
    }

    var fieldsV1: JSONValue {
        .object(JSONObject(children.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.fieldsV1) }))
    }

    subscript(element: String) -> FieldSet? {
        get { children[element] }
        set { children[element] = newValue }
    }

    var all: [String: FieldSet] { children }

    func contains(_ path: [String]) -> Bool {
        guard let first = path.first else { return true }
        return children[first]?.contains(Array(path.dropFirst())) ?? false
    }

    /// The paths of the leaves.
    var leaves: [[String]] {
        children.flatMap { element, child in child.children.isEmpty ? [[element]] : child.leaves.map { [element] + $0 } }
    }

    /// Without a leaf, and without what is empty then.
    mutating func remove(_ path: [String]) {
        guard let first = path.first, var child = children[first] else { return }
        if path.count == 1 {
            children[first] = nil
        } else {
            child.remove(Array(path.dropFirst()))
            children[first] = child.children.isEmpty ? nil : child
        }
    }
}

/// How lists and maps are merged: from the `x-kubernetes-list-type` and `-map-type` of the API's schemas, for the kinds we serve.
enum MergeKeys {
    private static let lists: [String: [String]] = [
        "containers": ["name"], "initContainers": ["name"], "ephemeralContainers": ["name"], "volumes": ["name"], "env": ["name"],
        "volumeMounts": ["mountPath"], "imagePullSecrets": ["name"], "ownerReferences": ["uid"], "conditions": ["type"],
        "topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"], "secrets": ["name"], "hostAliases": ["ip"],
    ]
    private static let sets: Set<String> = ["finalizers"]
    private static let atomicMaps: Set<String> = [
        "selector", "nodeSelector", "podSelector", "namespaceSelector", "labelSelector", "matchLabels",
        "secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "claimRef", "involvedObject",
    ]

    /// The keys of a list's items; nil where the list is one value. No keys at all: a set.
    static func of(_ path: [String]) -> [String]? {
        guard let name = path.last else { return nil }
        if name == "ports" {
            return path.contains("containers")
                ? ["containerPort", "protocol"] : path == ["spec", "ports"] ? ["port", "protocol"] : nil
        }
        if sets.contains(name) { return [] }
        return lists[name]
    }

    static func isAtomic(_ path: [String]) -> Bool {
        guard let name = path.last else { return false }
        if name == "selector", path.first == "spec", path.count == 2 { return true }
        return name != "selector" && atomicMaps.contains(name)
    }

    /// The path element of an item.
    static func element(of item: JSONValue, _ keys: [String]) -> String {
        guard !keys.isEmpty else { return "v:" + item.text }
        let defaults: [String: JSONValue] = ["protocol": "TCP"]
        let members: [JSONObject.Member] = keys.sorted().map { key in (key: key, value: item[key] ?? defaults[key] ?? .null) }
        return "k:" + JSONValue.object(JSONObject(members)).text
    }
}
