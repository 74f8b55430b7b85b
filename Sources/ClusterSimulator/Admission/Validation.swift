import JSON

/// What no object may be: badly named, badly labelled, or other than before where it cannot change.
enum Validation {
    static func check(_ object: JSONValue, _ kind: Kind, old: JSONValue?) throws(APIFailure) {
        try checkName(object.name, kind)
        for label in object.labels {
            guard isLabelValue(label.value.string ?? "\u{0}") else {
                throw .invalid(
                    kind, object.name,
                    (
                        "FieldValueInvalid",
                        "Invalid value: \"\(label.value.string ?? "")\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                        "metadata.labels"
                    ))
            }
        }
        var causes = selectorFaults(object, kind)
        if let old { causes += immutableFaults(object, kind, old: old) }
        guard causes.isEmpty else { throw .invalid(kind, object.name, causes) }
    }

    /// A workload whose own pods it would not recognise.
    private static func selectorFaults(_ object: JSONValue, _ kind: Kind) -> [APIFailure.Cause] {
        guard ["Deployment", "ReplicaSet", "StatefulSet"].contains(kind.name) else { return [] }
        let wanted = object[path: "spec", "selector", "matchLabels"]?.object ?? [:]
        let labels = object[path: "spec", "template", "metadata", "labels"]?.object ?? [:]
        if wanted.isEmpty, object[path: "spec", "selector", "matchExpressions"] == nil {
            return [("FieldValueRequired", "Required value", "spec.selector")]
        }
        guard wanted.contains(where: { labels[$0.key] != $0.value }) else { return [] }
        let message = "Invalid value: \(JSONValue.object(labels).text): `selector` does not match template `labels`"
        return [("FieldValueInvalid", message, "spec.template.metadata.labels")]
    }

    private static func checkName(_ name: String, _ kind: Kind) throws(APIFailure) {
        guard !isLabelName(name) else { return }
        let allowsDots = kind.name != "Namespace" && kind.name != "Service"
        if allowsDots, name.utf8.count <= 253, !name.isEmpty,
            name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ isLabelName(String($0)) })
        {
            return
        }
        throw .invalid(
            kind, name,
            (
                "FieldValueInvalid",
                "Invalid value: \"\(name)\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
                "metadata.name"
            ))
    }

    private static func isLabelName(_ name: String) -> Bool {
        guard let first = name.utf8.first, let last = name.utf8.last, name.utf8.count <= 63 else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
        return isAlphanumeric(first) && isAlphanumeric(last) && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
    }

    private static func isLabelValue(_ value: String) -> Bool {
        guard let first = value.utf8.first, let last = value.utf8.last else { return true }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
        }
        return value.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
    }

    private static func immutableFaults(_ object: JSONValue, _ kind: Kind, old: JSONValue) -> [APIFailure.Cause] {
        func changed(_ field: String) -> Bool { object[path: "spec", field] != old[path: "spec", field] }
        func immutable(_ field: String) -> APIFailure.Cause {
            let value = (object[path: "spec", field] ?? .null).text
            return ("FieldValueInvalid", "Invalid value: \(value): field is immutable", "spec.\(field)")
        }
        switch kind.name {
        case "Secret", "ConfigMap":
            guard old["immutable"]?.bool == true, object["data"] != old["data"] else { return [] }
            return [("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "data")]
        case "Deployment", "ReplicaSet": return changed("selector") ? [immutable("selector")] : []
        case "Job": return ["selector", "template", "completionMode"].filter(changed).map(immutable)
        case "StatefulSet":
            let mutable: Set<String> = [
                "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ]
            let fields = Set((object["spec"]?.object?.keys ?? []) + (old["spec"]?.object?.keys ?? [])).subtracting(mutable)
            guard fields.contains(where: changed) else { return [] }
            let names =
                "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
            return [
                (
                    "FieldValueForbidden", "Forbidden: updates to statefulset spec for fields other than \(names) are forbidden",
                    "spec"
                )
            ]
        case "PersistentVolumeClaim":
            guard changed("storageClassName") || changed("accessModes") || changed("selector") else { return [] }
            return [
                (
                    "FieldValueForbidden",
                    "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
                    "spec"
                )
            ]
        case "Service":
            let address = old[path: "spec", "clusterIP"]?.string ?? ""
            guard changed("clusterIP"), !address.isEmpty, object[path: "spec", "type"]?.string != "ExternalName" else { return [] }
            return [
                (
                    "FieldValueInvalid",
                    "Invalid value: \((object[path: "spec", "clusterIPs"] ?? .null).text): may not change once set",
                    "spec.clusterIPs[0]"
                )
            ]
        default: return []
        }
    }

    /// What server-side apply says of a field that is not declared, whatever validation is asked for.
    static func checkApplied(_ document: JSONValue, _ kind: Kind, name: String) throws(APIFailure) {
        guard let field = Schema.unknownFields(of: document, kind).first else { return }
        let version = kind.group.isEmpty ? "/v1" : kind.apiVersion
        throw APIFailure(
            code: 500, reason: "",
            message:
                "failed to create typed patch object (/\(name); \(version), Kind=\(kind.name)): \(field.typed): field not declared in schema"
        )
    }

    /// Refuses undeclared fields where validation is strict.
    /// - Returns: what is to be warned of otherwise.
    static func checkDecoded(_ document: JSONValue, _ call: APICall) throws(APIFailure) -> String? {
        let mode = call.query("fieldValidation") ?? "Warn"
        guard mode != "Ignore" else { return nil }
        let unknown = Schema.unknownFields(of: document, call.target.kind)
        guard !unknown.isEmpty else { return nil }
        let list = unknown.map { "unknown field \"\($0.decoded)\"" }.joined(separator: ", ")
        guard mode == "Strict" else { return list }
        let kind = call.target.kind
        throw .badRequest(
            "\(kind.name) in version \"\(kind.version)\" cannot be handled as a \(kind.name): strict decoding error: \(list)")
    }
}
