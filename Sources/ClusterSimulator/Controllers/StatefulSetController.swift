import Foundation
import JSON

extension ClusterState {
    static func uid() -> String { UUID().uuidString.lowercased() }

    /// Claims first, then pods in their order, each once the one before it is ready.
    mutating func reconcileStatefulSet(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.statefulSet)
        guard let set = self[key], !set.isBeingDeleted else { return [] }
        let wanted = set[path: "spec", "replicas"]?.integer ?? 1
        var failure: APIFailure?
        var ready = 0
        for ordinal in 0..<wanted {
            makeClaims(of: set, ordinal)
            let name = "\(set.name)-\(ordinal)"
            if let pod = object(.pod, key.namespace, name) {
                guard !pod.isBeingDeleted, ClusterState.isReady(pod) else { break }
                ready += 1
            } else {
                failure = createPod(pod(of: set, ordinal), for: set, kind, "statefulset-controller")
                break
            }
        }
        for pod in pods(of: set) where !pod.isBeingDeleted {
            guard let ordinal = pod.name.split(separator: "-").last.flatMap({ Int($0) }), ordinal >= wanted else { continue }
            _ = delete(ObjectKey(kind: "pods", namespace: key.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
        }
        let count = pods(of: set).count
        let revision = "\(set.name)-\(ClusterState.hash(of: set[path: "spec", "template"] ?? .null))"
        setStatus(
            [
                "observedGeneration": set[path: "metadata", "generation"] ?? 1, "replicas": .integer(count),
                "readyReplicas": .integer(ready),
                "currentReplicas": .integer(count), "updatedReplicas": .integer(count), "currentRevision": .string(revision),
                "updateRevision": .string(revision), "collisionCount": 0, "availableReplicas": .integer(ready),
            ], of: self[key] ?? set, kind)
        return failure == nil ? [] : [Controllers.DelayedStep(key: key, action: .lookAgain, delays: 3)]
    }

    private func pod(of set: JSONValue, _ ordinal: Int) -> JSONValue {
        let name = "\(set.name)-\(ordinal)"
        var pod = ClusterState.child(Kind.of(.pod), of: set, Kind.of(.statefulSet), from: set[path: "spec", "template"])
        pod.set(["metadata", "name"], .string(name))
        pod.set(["metadata", "labels", "statefulset.kubernetes.io/pod-name"], .string(name))
        pod.set(["metadata", "labels", "apps.kubernetes.io/pod-index"], .string(String(ordinal)))
        pod.set(["spec", "hostname"], .string(name))
        var volumes = pod[path: "spec", "volumes"]?.array ?? []
        for template in set[path: "spec", "volumeClaimTemplates"]?.array ?? [] {
            let claim: JSONValue = ["claimName": .string("\(template.name)-\(name)")]
            volumes.append(["name": .string(template.name), "persistentVolumeClaim": claim])
        }
        pod.set(["spec", "volumes"], .array(volumes))
        return pod
    }

    private mutating func makeClaims(of set: JSONValue, _ ordinal: Int) {
        for template in set[path: "spec", "volumeClaimTemplates"]?.array ?? [] {
            let name = "\(template.name)-\(set.name)-\(ordinal)"
            guard object(.claim, set.namespace, name) == nil else { continue }
            var claim = template
            claim.set(["metadata", "name"], .string(name))
            claim.set(["metadata", "namespace"], .string(set.namespace))
            do {
                _ = try create(claim, Kind.of(.claim))
            } catch {
                emit(
                    "FailedCreate", "create Claim \(name) failed error: \(error.message)", about: set, kind: Kind.of(.statefulSet),
                    isWarning: true, from: "statefulset-controller")
            }
        }
    }
}
