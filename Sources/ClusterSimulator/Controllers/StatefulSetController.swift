import Foundation
import JSON

/// StatefulSets: pods with a number and claims of their own, one after the other.
extension ClusterState {
    static func uid() -> String { UUID().uuidString.lowercased() }

    mutating func reconcileStatefulSet(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.statefulSet)
        guard let set = self[key], !set.isBeingDeleted else { return [] }
        let revision = "\(set.name)-\(ClusterState.hash(of: set[path: "spec", "template"] ?? .null))"
        let current = set[path: "status", "currentRevision"]?.string ?? revision
        guard set[path: "status", "observedGeneration"] != nil else {
            // It is seen before anything is made for it.
            setStatus(
                [
                    "observedGeneration": set[path: "metadata", "generation"] ?? 1, "replicas": 0,
                    "currentRevision": .string(revision), "updateRevision": .string(revision), "collisionCount": 0,
                    "availableReplicas": 0,
                ], of: set, kind)
            return []
        }
        var failure: APIFailure?
        let wanted = set[path: "spec", "replicas"]?.integer ?? 1
        let isParallel = set[path: "spec", "podManagementPolicy"]?.string == "Parallel"
        for ordinal in 0..<wanted {
            makeClaims(of: set, ordinal)
            let name = "\(set.name)-\(ordinal)"
            if let pod = object(.pod, key.namespace, name) {
                if !isParallel, !ClusterState.isReady(pod) || pod.isBeingDeleted { break }
            } else {
                failure = createPod(
                    pod(of: set, ordinal, revision), for: set, kind, "statefulset-controller",
                    saying: "Create Pod \(name) in StatefulSet \(set.name) successful")
                if failure != nil || !isParallel { break }
            }
        }
        shrink(set, to: wanted)
        update(set, to: revision)
        setStatus(status(of: set, revision, current), of: self[key] ?? set, kind)
        return retry(key, after: failure)
    }

    /// Removes the pod with the highest number that is too many, once those above it are gone; and its claims after it, where they are not
    /// to be kept.
    private mutating func shrink(_ set: JSONValue, to wanted: Int) {
        if set[path: "spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]?.string == "Delete" {
            removeClaims(of: set, from: wanted)
        }
        let surplus = pods(of: set).compactMap { pod in ClusterState.ordinal(of: pod).map { ($0, pod) } }.filter { $0.0 >= wanted }
        guard let (_, last) = surplus.max(by: { $0.0 < $1.0 }), !last.isBeingDeleted else { return }
        _ = delete(ObjectKey(kind: "pods", namespace: set.namespace, name: last.name), Kind.of(.pod), gracePeriodSeconds: nil)
        emit(
            "SuccessfulDelete", "delete Pod \(last.name) in StatefulSet \(set.name) successful", about: set,
            kind: Kind.of(.statefulSet), from: "statefulset-controller")
    }

    private mutating func removeClaims(of set: JSONValue, from wanted: Int) {
        let prefixes = (set[path: "spec", "volumeClaimTemplates"]?.array ?? []).map { "\($0.name)-\(set.name)-" }
        for claim in objects(.claim, in: set.namespace) where !claim.isBeingDeleted {
            guard let prefix = prefixes.first(where: claim.name.hasPrefix), let ordinal = Int(claim.name.dropFirst(prefix.count)),
                ordinal >= wanted
            else { continue }
            _ = delete(
                ObjectKey(kind: Kind.of(.claim).id, namespace: set.namespace, name: claim.name), Kind.of(.claim),
                gracePeriodSeconds: nil)
        }
    }

    /// Replaces pods of an older template, from the highest number down, each once the one before it is ready.
    private mutating func update(_ set: JSONValue, to revision: String) {
        guard set[path: "spec", "updateStrategy", "type"]?.string != "OnDelete" else { return }
        let partition = set[path: "spec", "updateStrategy", "rollingUpdate", "partition"]?.integer ?? 0
        let all = pods(of: set).compactMap { pod in ClusterState.ordinal(of: pod).map { ($0, pod) } }.sorted { $0.0 > $1.0 }
        guard all.allSatisfy({ !$0.1.isBeingDeleted }) else { return }
        for (ordinal, pod) in all where ordinal >= partition {
            if pod.labels["controller-revision-hash"]?.string != revision {
                _ = delete(
                    ObjectKey(kind: "pods", namespace: set.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
                return
            }
            guard ClusterState.isReady(pod) else { return }
        }
    }

    private func status(of set: JSONValue, _ revision: String, _ current: String) -> JSONValue {
        let pods = pods(of: set)
        let ready = pods.count { ClusterState.isReady($0) && !$0.isBeingDeleted }
        let updated = pods.count { $0.labels["controller-revision-hash"]?.string == revision && !$0.isBeingDeleted }
        let wanted = set[path: "spec", "replicas"]?.integer ?? 1
        let isUpdated = updated == wanted && ready == wanted && pods.count == wanted
        var status: JSONValue = [
            "observedGeneration": set[path: "metadata", "generation"] ?? 1, "replicas": .integer(pods.count),
        ]
        let present = isUpdated ? revision : current
        let onCurrent = pods.count { $0.labels["controller-revision-hash"]?.string == present && !$0.isBeingDeleted }
        for (field, count) in [("readyReplicas", ready), ("currentReplicas", onCurrent), ("updatedReplicas", updated)]
        where count > 0 {
            status[field] = .integer(count)
        }
        status["currentRevision"] = .string(present)
        status["updateRevision"] = .string(revision)
        status["collisionCount"] = 0
        status["availableReplicas"] = .integer(ready)
        return status
    }

    private static func ordinal(of pod: JSONValue) -> Int? { pod.name.split(separator: "-").last.flatMap { Int($0) } }

    private func pod(of set: JSONValue, _ ordinal: Int, _ revision: String) -> JSONValue {
        let name = "\(set.name)-\(ordinal)"
        var pod = ClusterState.child(Kind.of(.pod), of: set, Kind.of(.statefulSet), from: set[path: "spec", "template"])
        pod.set(["metadata", "name"], .string(name))
        pod.set(["metadata", "generateName"], .string(set.name + "-"))
        pod.set(["metadata", "labels", "apps.kubernetes.io/pod-index"], .string(String(ordinal)))
        pod.set(["metadata", "labels", "controller-revision-hash"], .string(revision))
        pod.set(["metadata", "labels", "statefulset.kubernetes.io/pod-name"], .string(name))
        pod.set(["spec", "hostname"], .string(name))
        pod.set(["spec", "subdomain"], set[path: "spec", "serviceName"])
        let claimed = (set[path: "spec", "volumeClaimTemplates"]?.array ?? []).map { template -> JSONValue in
            let claim: JSONValue = ["claimName": .string("\(template.name)-\(name)")]
            return ["name": .string(template.name), "persistentVolumeClaim": claim]
        }
        let others = (pod[path: "spec", "volumes"]?.array ?? []).filter { volume in
            !claimed.contains { $0["name"] == volume["name"] }
        }
        if !claimed.isEmpty || !others.isEmpty { pod.set(["spec", "volumes"], .array(claimed + others)) }
        return pod
    }

    private mutating func makeClaims(of set: JSONValue, _ ordinal: Int) {
        let goesWithSet = set[path: "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]?.string == "Delete"
        for template in set[path: "spec", "volumeClaimTemplates"]?.array ?? [] {
            let name = "\(template.name)-\(set.name)-\(ordinal)"
            guard object(.claim, set.namespace, name) == nil else { continue }
            var claim: JSONValue = ["metadata": template["metadata"] ?? [:], "spec": template["spec"] ?? [:]]
            claim.set(["metadata", "name"], .string(name))
            claim.set(["metadata", "namespace"], .string(set.namespace))
            for label in set[path: "spec", "selector", "matchLabels"]?.object ?? [:] {
                claim.set(["metadata", "labels", label.key], label.value)
            }
            if goesWithSet {
                let child = ClusterState.child(Kind.of(.claim), of: set, Kind.of(.statefulSet), from: nil)
                claim.set(["metadata", "ownerReferences"], child[path: "metadata", "ownerReferences"])
            }
            let pod = "\(set.name)-\(ordinal)"
            do {
                _ = try create(claim, Kind.of(.claim))
                emit(
                    "SuccessfulCreate", "Create Claim \(name) Pod \(pod) in StatefulSet \(set.name) success", about: set,
                    kind: Kind.of(.statefulSet), from: "statefulset-controller")
            } catch {
                emit(
                    "FailedCreate", "create Claim \(name) failed error: \(error.message)", about: set, kind: Kind.of(.statefulSet),
                    isWarning: true, from: "statefulset-controller")
            }
        }
    }
}
