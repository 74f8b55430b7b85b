import JSON

/// Server-side apply: a manager's document is merged into the object, and what the manager owned before and sends no more goes away.
enum ServerSideApply {
    struct Conflict: Error {
        /// Manager and path, `.data.a`, of each field that is another's.
        let fields: [(manager: String, field: String)]
    }

    /// - Parameter live: nil where the object does not exist yet.
    /// - Returns: the merged object, its managedFields brought up to date.
    static func merge(
        _ applied: JSONValue, into live: JSONValue?, manager: String, apiVersion: String, force: Bool, time: String
    ) throws(Conflict) -> JSONValue {
        let fields = ownedFields(of: applied)
        guard var object = live else {
            var created = applied
            created.set(["metadata", "managedFields"], [entry(manager, apiVersion, fields, time)])
            return created
        }
        var entries = object[path: "metadata", "managedFields"]?.array ?? []
        let previous = entries.first { isApply($0, by: manager) }.map { FieldSet(fieldsV1: $0["fieldsV1"]) }
        let conflicts = try takeFields(fields, of: applied, from: &entries, live: object, manager: manager, force: force)
        if !conflicts.isEmpty { throw Conflict(fields: conflicts) }
        if let previous { removeAbandoned(previous, keeping: fields, entries: entries, from: &object, manager: manager) }
        object.set(["metadata", "managedFields"], nil)
        var merged = JSONMerge.merge(applied, into: object)
        let isUnchanged = merged == object && previous == fields
        let mine = isUnchanged ? entries.first { isApply($0, by: manager) } : entry(manager, apiVersion, fields, time)
        entries.removeAll { isApply($0, by: manager) }
        if let mine { entries.insert(mine, at: 0) }
        merged.set(["metadata", "managedFields"], .array(entries))
        return merged
    }

    private static func ownedFields(of applied: JSONValue) -> FieldSet {
        var fields = FieldSet(of: applied)
        for path in [["f:apiVersion"], ["f:kind"], ["f:metadata", "f:name"], ["f:metadata", "f:namespace"]] { fields.remove(path) }
        return fields
    }

    private static func isApply(_ entry: JSONValue, by manager: String) -> Bool {
        entry["manager"]?.string == manager && entry["operation"]?.string == "Apply"
    }

    private static func entry(_ manager: String, _ apiVersion: String, _ fields: FieldSet, _ time: String) -> JSONValue {
        [
            "manager": .string(manager), "operation": "Apply", "apiVersion": .string(apiVersion), "time": .string(time),
            "fieldsType": "FieldsV1", "fieldsV1": fields.fieldsV1,
        ]
    }

    /// Takes from other managers the fields whose values this document changes; without force, names them instead.
    private static func takeFields(
        _ fields: FieldSet, of applied: JSONValue, from entries: inout [JSONValue], live: JSONValue, manager: String, force: Bool
    ) throws(Conflict) -> [(manager: String, field: String)] {
        var conflicts: [(String, String)] = []
        let changed = fields.leaves.filter { leaf in
            leaf.last != "." && JSONMerge.value(at: leaf, in: live) != nil
                && JSONMerge.value(at: leaf, in: live) != JSONMerge.value(at: leaf, in: applied)
        }
        guard !changed.isEmpty else { return [] }
        for index in entries.indices where !isApply(entries[index], by: manager) && entries[index]["subresource"] == nil {
            var owned = FieldSet(fieldsV1: entries[index]["fieldsV1"])
            let taken = changed.filter { owned.contains($0) }
            if !force {
                let owner = entries[index]["manager"]?.string ?? ""
                conflicts += taken.map { (owner, $0.map { "." + $0.dropFirst(2) }.joined()) }
            }
            for leaf in taken { owned.remove(leaf) }
            if !taken.isEmpty { entries[index]["fieldsV1"] = owned.fieldsV1 }
        }
        entries.removeAll { $0["fieldsV1"]?.object?.isEmpty ?? false }
        return conflicts
    }

    /// Removes what the manager owned, does not send any more, and nobody else owns.
    private static func removeAbandoned(
        _ previous: FieldSet, keeping fields: FieldSet, entries: [JSONValue], from object: inout JSONValue, manager: String
    ) {
        let others = entries.filter { !isApply($0, by: manager) }.map { FieldSet(fieldsV1: $0["fieldsV1"]) }
        // Whole items first: without its key an item cannot be found any more.
        let leaves = previous.leaves.sorted { $0.last == "." && $1.last != "." }
        for leaf in leaves where !fields.contains(leaf) {
            let path = leaf.last == "." ? Array(leaf.dropLast()) : leaf
            guard !fields.contains(path), !others.contains(where: { $0.contains(path) }) else { continue }
            JSONMerge.remove(path, from: &object)
        }
    }
}
