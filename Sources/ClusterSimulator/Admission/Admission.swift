import Foundation
import JSON

/// The way of every object into the state, whoever sends it: a client or a controller.
extension ClusterState {
    /// Makes a new object, or says why not.
    /// - Parameters:
    ///   - manager: becomes the owner of its fields; nil for the cluster's own components, and where it has been applied.
    ///   - isDryRun: everything is done but keeping it.
    mutating func create(
        _ document: JSONValue, _ kind: Kind, by manager: String? = nil, isDryRun: Bool = false
    ) throws(APIFailure) -> JSONValue {
        var object = document
        if object.name.isEmpty, let prefix = object[path: "metadata", "generateName"]?.string {
            object.set(["metadata", "name"], .string(prefix + ClusterState.suffix()))
        }
        let key = ObjectKey(kind: kind.id, namespace: object.namespace, name: object.name)
        if let existing = self[key] { throw .alreadyExists(kind, existing) }
        try checkNamespace(of: object, kind)
        if kind.name != "Event" { object["status"] = nil }  // a client cannot set it
        for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
            object.set(["metadata", field], nil)
        }
        Defaults.fill(&object, kind)
        if let manager { ManagedFields.note(&object, changedFrom: nil, by: manager, kind) }
        object.set(["metadata", "uid"], .string(ClusterState.uid()))
        object.set(["metadata", "creationTimestamp"], .string(Clock.now))
        try complete(&object, kind)
        try Validation.check(object, kind, old: nil)
        if kind.name == "Pod", let violation = podSecurityViolation(of: object["spec"] ?? .null, in: object.namespace) {
            throw .forbidden(kind, object.name, violation)
        }
        if kind.isNamespaced, kind.name != "Event", let refusal = QuotaAdmission.refusal(of: object, kind, in: self) {
            throw .forbidden(kind, object.name, refusal)
        }
        if isDryRun { return object }
        let stored = put(object, as: kind)
        if kind.name == "Namespace" { equip(namespace: object.name) }
        return stored
    }

    /// Why pods of this specification cannot run in a namespace; nil where they can.
    func podSecurityViolation(of podSpec: JSONValue, in namespace: String) -> String? {
        let level = object(.namespace, "", namespace)?.labels["pod-security.kubernetes.io/enforce"]?.string
        return PodSecurity.violation(of: podSpec, level: level)
    }

    /// Puts a new version of an object, or says why not. What a client cannot change stays.
    mutating func update(
        _ document: JSONValue, _ kind: Kind, old: JSONValue, isDryRun: Bool = false
    ) throws(APIFailure) -> JSONValue {
        var object = document
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion",
        ] {
            object.set(["metadata", field], old[path: "metadata", field])
        }
        Defaults.fill(&object, kind)
        try Validation.check(object, kind, old: old)
        if isDryRun { return object }
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

    var defaultStorageClass: String? {
        objects(.storageClass, in: "").first { $0.annotations["storageclass.kubernetes.io/is-default-class"]?.string == "true" }?
            .name
    }

    /// What every namespace has from the start.
    private mutating func equip(namespace: String) {
        func base(_ name: String) -> JSONValue {
            [
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(ClusterState.uid()),
                    "creationTimestamp": .string(Clock.now),
                ]
            ]
        }
        put(base("default"), as: Kind.of(.serviceAccount))
        var authority = base("kube-root-ca.crt")
        authority.set(["metadata", "annotations", "kubernetes.io/description"], .string(ClusterState.authorityDescription))
        authority["data"] = ["ca.crt": "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n"]
        put(authority, as: Kind.of(.configMap))
    }

    private static let authorityDescription =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."

    /// As `generateName` adds: five letters without vowels.
    static func suffix() -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in letters[Int.random(in: 0..<letters.count)] })
    }

    /// Asks for an object's deletion: at once, or as its finalizers and its grace allow.
    /// - Returns: the object if it stays for now.
    mutating func delete(
        _ key: ObjectKey, _ kind: Kind, gracePeriodSeconds: Int?, propagation: String? = nil
    ) -> JSONValue? {
        guard var object = self[key] else { return nil }
        let finalizer = propagation == "Foreground" ? "foregroundDeletion" : propagation == "Orphan" ? "orphan" : nil
        if let finalizer, kind.hasGeneration, kind.name != "Pod", !object.finalizers.contains(.string(finalizer)) {
            object.set(["metadata", "finalizers"], .array(object.finalizers + [.string(finalizer)]))
        }
        // A pod that no node has taken has nothing to end.
        let isGraceful = kind.name == "Pod" && gracePeriodSeconds != 0 && object[path: "spec", "nodeName"] != nil
        guard isGraceful || kind.name == "Namespace" || !object.finalizers.isEmpty else {
            remove(key)
            return nil
        }
        if !object.isBeingDeleted {
            let own = isGraceful ? object[path: "spec", "terminationGracePeriodSeconds"]?.integer ?? 30 : 0
            let grace = isGraceful ? gracePeriodSeconds ?? own : 0
            object.set(["metadata", "deletionTimestamp"], .string(Clock.now(after: grace)))
            if kind.name == "Namespace" {
                object.set(["status", "phase"], "Terminating")
            } else {
                object.set(["metadata", "deletionGracePeriodSeconds"], .integer(grace))
            }
        }
        return put(object, as: kind)
    }
}

/// Times as objects have them: RFC 3339, whole seconds, UTC.
enum Clock {
    /// How far the cluster's clock is ahead of the machine's, in seconds; the same for all clusters of a process.
    private static let ahead = Guarded(0.0)

    static var date: Date { Date(timeIntervalSinceNow: ahead.withLock { $0 }) }

    static func jump(by seconds: Double) { ahead.withLock { $0 += seconds } }

    static var now: String { now(after: 0) }

    static func now(after seconds: Int) -> String {
        RFC3339.seconds(date.addingTimeInterval(Double(seconds)))
    }

    /// Nil where the text is no such time.
    static func date(_ text: String) -> Date? {
        let numbers = text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.compactMap { Int(Substring($0)) }
        guard numbers.count >= 6 else { return nil }
        var time = tm()
        time.tm_year = Int32(clamping: numbers[0] - 1900)
        time.tm_mon = Int32(clamping: numbers[1] - 1)
        time.tm_mday = Int32(clamping: numbers[2])
        time.tm_hour = Int32(clamping: numbers[3])
        time.tm_min = Int32(clamping: numbers[4])
        time.tm_sec = Int32(clamping: numbers[5])
        return Date(timeIntervalSince1970: Double(timegm(&time)))
    }
}
