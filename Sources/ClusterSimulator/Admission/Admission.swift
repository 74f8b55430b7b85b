import Foundation
import JSON

/// The way of every object into the state, whoever sends it: a client or a controller.
extension ClusterState {
    /// Makes a new object, or says why not.
    mutating func create(_ document: JSONValue, _ kind: Kind) throws(APIFailure) -> JSONValue {
        var object = document
        if object.name.isEmpty, let prefix = object[path: "metadata", "generateName"]?.string {
            object.set(["metadata", "name"], .string(prefix + ClusterState.suffix()))
        }
        let key = ObjectKey(kind: kind.id, namespace: object.namespace, name: object.name)
        if let existing = self[key] { throw .alreadyExists(kind, existing) }
        try checkNamespace(of: object, kind)
        object.set(["metadata", "uid"], .string(UUID().uuidString.lowercased()))
        object.set(["metadata", "creationTimestamp"], .string(Clock.now))
        if let status = object["status"], kind.name != "Event" {
            object["status"] = nil  // a client cannot set it
            _ = status
        }
        if kind.name == "Pod" { try QuotaAdmission.applyLimitRanges(to: &object, in: self) }
        Defaults.fill(&object, kind, defaultStorageClass: defaultStorageClass)
        try Validation.check(object, kind, old: nil)
        if kind.name == "Pod" {
            let level = self.object(.namespace, "", object.namespace)?.labels["pod-security.kubernetes.io/enforce"]?.string
            if let violation = PodSecurity.violation(of: object["spec"] ?? .null, level: level) {
                throw .forbidden(kind, object.name, violation)
            }
        }
        if kind.isNamespaced, kind.name != "Event", let refusal = QuotaAdmission.refusal(of: object, kind, in: self) {
            throw .forbidden(kind, object.name, refusal)
        }
        if kind.name == "Job" { ClusterState.labelJob(&object) }
        let stored = put(object, as: kind)
        if kind.name == "Namespace" { equip(namespace: object.name) }
        return stored
    }

    /// Puts a new version of an object, or says why not. What a client cannot change stays.
    mutating func update(_ document: JSONValue, _ kind: Kind, old: JSONValue) throws(APIFailure) -> JSONValue {
        var object = document
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion",
        ] {
            object.set(["metadata", field], old[path: "metadata", field])
        }
        Defaults.fill(&object, kind, defaultStorageClass: defaultStorageClass)
        try Validation.check(object, kind, old: old)
        let stored = put(object, as: kind)
        if stored.isBeingDeleted, stored.finalizers.isEmpty, kind.name != "Pod", kind.name != "Namespace" {
            remove(ObjectKey(kind: kind.id, namespace: stored.namespace, name: stored.name))
        }
        return stored
    }

    private func checkNamespace(of object: JSONValue, _ kind: Kind) throws(APIFailure) {
        guard kind.isNamespaced else { return }
        guard let namespace = self.object(.namespace, "", object.namespace) else {
            throw .notFound(Kind.of(.namespace), object.namespace)
        }
        guard !namespace.isBeingDeleted else {
            let what = "namespace \(object.namespace) is being terminated"
            throw .forbidden(
                kind, object.name, "unable to create new content in namespace \(object.namespace) because it is being terminated",
                causes: [["reason": "NamespaceTerminating", "message": .string(what), "field": "metadata.namespace"]])
        }
    }

    private var defaultStorageClass: String? {
        objects(.storageClass, in: "").first { $0.annotations["storageclass.kubernetes.io/is-default-class"]?.string == "true" }?
            .name
    }

    /// What every namespace has from the start.
    private mutating func equip(namespace: String) {
        for (kind, name) in [(Kind.Known.serviceAccount, "default"), (.configMap, "kube-root-ca.crt")] {
            let object: JSONValue = [
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(UUID().uuidString.lowercased()),
                    "creationTimestamp": .string(Clock.now),
                ]
            ]
            put(object, as: Kind.of(kind))
        }
    }

    private static func labelJob(_ object: inout JSONValue) {
        guard object[path: "spec", "selector"] == nil else { return }
        let uid = object.uid
        object.set(["spec", "selector"], ["matchLabels": ["batch.kubernetes.io/controller-uid": .string(uid)]])
        for (label, value) in [
            ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", object.name), ("job-name", object.name),
        ] {
            object.set(["spec", "template", "metadata", "labels", label], .string(value))
        }
    }

    /// As `generateName` adds: five letters without vowels.
    static func suffix() -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in letters[Int.random(in: 0..<letters.count)] })
    }

    /// Asks for an object's deletion: at once, or as its finalizers and its grace allow.
    /// - Returns: the object if it stays for now.
    mutating func delete(_ key: ObjectKey, _ kind: Kind, gracePeriodSeconds: Int?) -> JSONValue? {
        guard var object = self[key] else { return nil }
        let isGraceful = kind.name == "Pod" && gracePeriodSeconds != 0
        guard isGraceful || kind.name == "Namespace" || !object.finalizers.isEmpty else {
            remove(key)
            return nil
        }
        let grace =
            gracePeriodSeconds ?? (kind.name == "Pod" ? object[path: "spec", "terminationGracePeriodSeconds"]?.integer ?? 30 : 0)
        if !object.isBeingDeleted {
            object.set(["metadata", "deletionTimestamp"], .string(Clock.now(after: grace)))
            if kind.name == "Pod" { object.set(["metadata", "deletionGracePeriodSeconds"], .integer(grace)) }
            if kind.name == "Namespace" { object.set(["status", "phase"], "Terminating") }
        }
        return put(object, as: kind)
    }
}

/// Times as objects have them: RFC 3339, whole seconds, UTC.
enum Clock {
    static var now: String { now(after: 0) }

    static func now(after seconds: Int) -> String {
        RFC3339.seconds(Date(timeIntervalSinceNow: Double(seconds)))
    }
}
