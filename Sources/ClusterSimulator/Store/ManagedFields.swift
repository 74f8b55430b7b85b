import JSON

/// Who has written which fields by POST, PUT or a patch: the `Update` entries of `metadata.managedFields`. `ServerSideApply` keeps the
/// entries of appliers.
enum ManagedFields {
    /// What the API server itself sets, which is nobody's.
    private static let ownerless: [[String]] =
        [
            "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ].map { ["f:metadata", "f:" + $0] } + [["f:status"], ["f:apiVersion"], ["f:kind"]]

    /// Makes the writer the owner of what it has changed, in whose ever hands that was before; what is gone is nobody's.
    /// - Parameter old: nil where the object is new.
    static func note(_ object: inout JSONValue, changedFrom old: JSONValue?, by manager: String, _ kind: Kind) {
        var changes = FieldSet(updated: object, since: old)
        for path in ownerless { changes.remove(path) }
        let stolen = changes.leaves
        var mine = changes
        var entries: [JSONValue] = []
        for var entry in old?[path: "metadata", "managedFields"]?.array ?? [] {
            var owned = FieldSet(fieldsV1: entry["fieldsV1"])
            let before = owned
            for leaf in owned.leaves where JSONMerge.value(at: leaf, in: object) == nil { owned.remove(leaf) }
            if entry["operation"]?.string == "Update", entry["manager"]?.string == manager, entry["subresource"] == nil {
                mine.formUnion(owned)
                continue
            }
            for leaf in stolen where leaf.last != "." { owned.remove(leaf) }
            guard !owned.isEmpty else { continue }
            if owned != before { entry["fieldsV1"] = owned.fieldsV1 }
            entries.append(entry)
        }
        if !mine.isEmpty {
            entries.append([
                "manager": .string(manager), "operation": "Update", "apiVersion": .string(kind.apiVersion),
                "time": .string(Clock.now), "fieldsType": "FieldsV1", "fieldsV1": mine.fieldsV1,
            ])
        }
        object.set(["metadata", "managedFields"], entries.isEmpty ? nil : .array(entries))
    }
}

extension FieldSet {
    /// Members that are there, if empty, before anybody writes them: structs of the API's Go types, not pointers or maps. A writer owns
    /// what it puts into them, not the thing itself.
    private static let structs: Set<String> = [
        "metadata", "spec", "status", "strategy", "template", "jobTemplate", "resources", "updateStrategy", "source", "containers",
        "loadBalancer", "backend",
    ]

    /// The fields that an update has changed.
    init(updated object: JSONValue, since old: JSONValue?, at path: [String] = []) {
        self.init()
        for member in object.object ?? [:] {
            let before = old?[member.key]
            guard before != member.value else { continue }
            self["f:" + member.key] = FieldSet(member: member, before: before, at: path + [member.key])
        }
    }

    private init(member: JSONObject.Member, before: JSONValue?, at path: [String]) {
        self.init()
        if let items = member.value.array, let keys = MergeKeys.of(path) {
            let known = before?.array ?? []
            for item in items {
                let element = MergeKeys.element(of: item, keys)
                let old = known.first { MergeKeys.element(of: $0, keys) == element }
                guard old != item else { continue }
                var child = FieldSet(updated: item, since: old, at: path)
                if old == nil, !keys.isEmpty { child["."] = FieldSet() }
                self[element] = child
            }
        } else if member.value.object != nil, !MergeKeys.isAtomic(path) {
            self = FieldSet(updated: member.value, since: before?.object == nil ? nil : before, at: path)
        } else {
            return
        }
        if before == nil, !isEmpty, !FieldSet.structs.contains(member.key) { self["."] = FieldSet() }
    }

    mutating func formUnion(_ other: FieldSet) {
        for (element, child) in other.all {
            var mine = self[element] ?? FieldSet()
            mine.formUnion(child)
            self[element] = mine
        }
    }
}
