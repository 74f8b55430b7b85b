import JSON

/// Walks and merges documents along the paths of a `FieldSet`.
enum JSONMerge {
    /// The applied document laid over the live one: maps member by member, keyed lists item by item, everything else replaced.
    static func merge(_ applied: JSONValue, into live: JSONValue, at path: [String] = []) -> JSONValue {
        guard let changes = applied.object, let base = live.object, !MergeKeys.isAtomic(path) else { return applied }
        var merged = base
        for member in changes {
            let memberPath = path + [member.key]
            if let old = base[member.key] {
                merged[member.key] = mergeMember(member.value, old, memberPath)
            } else {
                merged[member.key] = member.value
            }
        }
        return .object(merged)
    }

    private static func mergeMember(_ value: JSONValue, _ old: JSONValue, _ path: [String]) -> JSONValue {
        guard let items = value.array, let oldItems = old.array, let keys = MergeKeys.of(path) else {
            return merge(value, into: old, at: path)
        }
        var result = oldItems
        for item in items {
            let element = MergeKeys.element(of: item, keys)
            if let index = result.firstIndex(where: { MergeKeys.element(of: $0, keys) == element }) {
                result[index] = merge(item, into: result[index], at: path)
            } else {
                result.append(item)
            }
        }
        return .array(result)
    }

    static func value(at path: [String], in document: JSONValue, names: [String] = []) -> JSONValue? {
        guard let first = path.first else { return document }
        let rest = Array(path.dropFirst())
        if first == "." { return document }
        if first.hasPrefix("f:") {
            let name = String(first.dropFirst(2))
            return document[name].flatMap { value(at: rest, in: $0, names: names + [name]) }
        }
        guard let index = index(of: first, in: document, names), let item = document.array?[index] else { return nil }
        return value(at: rest, in: item, names: names)
    }

    static func remove(_ path: [String], from document: inout JSONValue, names: [String] = []) {
        guard let first = path.first else { return }
        let rest = Array(path.dropFirst())
        if first.hasPrefix("f:") {
            let name = String(first.dropFirst(2))
            guard var child = document[name] else { return }
            guard !rest.isEmpty else { return document[name] = nil }
            remove(rest, from: &child, names: names + [name])
            let isEmpty = child.object?.isEmpty ?? child.array?.isEmpty ?? false
            document[name] = isEmpty ? nil : child
        } else if var items = document.array, let index = index(of: first, in: document, names) {
            if rest.isEmpty {
                items.remove(at: index)
            } else {
                remove(rest, from: &items[index], names: names)
            }
            document = .array(items)
        }
    }

    private static func index(of element: String, in document: JSONValue, _ names: [String]) -> Int? {
        guard let keys = MergeKeys.of(names) else { return nil }
        return document.array?.firstIndex { MergeKeys.element(of: $0, keys) == element }
    }

    /// JSON Merge Patch (RFC 7396); with keyed lists merged by item, a strategic merge patch as far as we need one.
    static func patch(_ patch: JSONValue, onto document: JSONValue, isStrategic: Bool, at path: [String] = []) -> JSONValue {
        guard let changes = patch.object else { return patch }
        var result = document.object ?? [:]
        for member in changes {
            let memberPath = path + [member.key]
            if member.value.isNull {
                result[member.key] = nil
            } else if isStrategic, let items = member.value.array, let old = result[member.key]?.array,
                let keys = MergeKeys.of(memberPath)
            {
                result[member.key] = .array(patchItems(items, onto: old, keys, memberPath))
            } else {
                result[member.key] = JSONMerge.patch(
                    member.value, onto: result[member.key] ?? .null, isStrategic: isStrategic, at: memberPath)
            }
        }
        return .object(result)
    }

    private static func patchItems(_ items: [JSONValue], onto old: [JSONValue], _ keys: [String], _ path: [String]) -> [JSONValue] {
        var result = old
        for item in items {
            let element = MergeKeys.element(of: item, keys)
            let index = result.firstIndex { MergeKeys.element(of: $0, keys) == element }
            if item["$patch"]?.string == "delete" {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = patch(item, onto: result[index], isStrategic: true, at: path)
            } else {
                result.append(item)
            }
        }
        return result
    }
}
