import JSON

extension ClusterState {
    /// A volume for a claim of a class that binds at once; one that waits is bound when its first pod is scheduled.
    mutating func reconcileClaim(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard let claim = self[key] else {
            for volume in objects(.volume, in: "")
            where volume[path: "spec", "claimRef", "namespace"]?.string == key.namespace
                && volume[path: "spec", "claimRef", "name"]?.string == key.name
            {
                remove(ObjectKey(kind: Kind.of(.volume).id, namespace: "", name: volume.name))
            }
            return []
        }
        if claim.isBeingDeleted {
            release(claim, key)
            return []
        }
        guard claim[path: "status", "phase"]?.string == "Pending", isBindable(claim),
            storageClass(of: claim)?["volumeBindingMode"]?.string == "Immediate", advancing.insert(claim.uid).inserted
        else { return [] }
        return [Controllers.DelayedStep(key: key, action: .bindClaim(uid: claim.uid), seconds: 0.3)]
    }

    mutating func bindClaim(_ key: ObjectKey, uid: String) {
        advancing.remove(uid)
        guard let claim = self[key], claim.uid == uid, !claim.isBeingDeleted else { return }
        bind(claim)
    }

    private func isBindable(_ claim: JSONValue) -> Bool {
        storageClass(of: claim).map { $0["provisioner"]?.string != ClusterState.neverProvisioner } ?? false
    }

    /// A claim that is to go stays while a pod uses it.
    private mutating func release(_ claim: JSONValue, _ key: ObjectKey) {
        let protection = JSONValue.string("kubernetes.io/pvc-protection")
        guard claim.finalizers.contains(protection) else { return }
        let isUsed = objects(.pod, in: key.namespace).contains { pod in
            ClusterState.claimNames(of: pod).contains(key.name)
                && !["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.string)
        }
        guard !isUsed else { return }
        let left = claim.finalizers.filter { $0 != protection }
        guard !left.isEmpty else { return remove(key) }
        var released = claim
        released.set(["metadata", "finalizers"], .array(left))
        put(released, as: Kind.of(.claim))
    }

    private static func claimNames(of pod: JSONValue) -> [String] {
        (pod[path: "spec", "volumes"]?.array ?? []).compactMap { $0[path: "persistentVolumeClaim", "claimName"]?.string }
    }

    /// Claims that wait for a pod to go.
    mutating func releaseClaims(of pod: JSONValue) {
        for name in ClusterState.claimNames(of: pod) {
            dirty.add(ObjectKey(kind: Kind.of(.claim).id, namespace: pod.namespace, name: name))
        }
    }

    func storageClass(of claim: JSONValue) -> JSONValue? {
        claim[path: "spec", "storageClassName"]?.string.flatMap { object(.storageClass, "", $0) }
    }

    mutating func bind(_ claim: JSONValue) {
        guard let storageClass = storageClass(of: claim), isBindable(claim), claim[path: "status", "phase"]?.string != "Bound"
        else { return }
        let capacity: JSONValue = ["storage": claim[path: "spec", "resources", "requests", "storage"] ?? "1Gi"]
        let volumeName = "pvc-\(claim.uid)"
        put(
            [
                "metadata": [
                    "name": .string(volumeName), "uid": .string(ClusterState.uid()), "creationTimestamp": .string(Clock.now),
                ],
                "spec": [
                    "capacity": capacity, "accessModes": claim[path: "spec", "accessModes"] ?? ["ReadWriteOnce"],
                    "persistentVolumeReclaimPolicy": "Delete", "storageClassName": .string(storageClass.name),
                    "claimRef": [
                        "kind": "PersistentVolumeClaim", "namespace": .string(claim.namespace), "name": .string(claim.name),
                        "uid": .string(claim.uid),
                    ],
                ], "status": ["phase": "Bound"],
            ], as: Kind.of(.volume))
        var bound = claim
        bound.set(["spec", "volumeName"], .string(volumeName))
        let provisioner = storageClass["provisioner"] ?? ""
        for (note, value) in [
            ("pv.kubernetes.io/bind-completed", "yes"), ("pv.kubernetes.io/bound-by-controller", "yes"),
            ("volume.beta.kubernetes.io/storage-provisioner", provisioner),
            ("volume.kubernetes.io/storage-provisioner", provisioner),
        ] { bound.set(["metadata", "annotations", note], value) }
        bound["status"] = [
            "phase": "Bound", "accessModes": claim[path: "spec", "accessModes"] ?? ["ReadWriteOnce"], "capacity": capacity,
        ]
        put(bound, as: Kind.of(.claim))
        emit(
            "ProvisioningSucceeded",
            "Successfully provisioned volume \(volumeName) using \(provisioner.string ?? "")", about: claim, kind: Kind.of(.claim),
            from: "persistentvolume-controller")
        for pod in objects(.pod, in: claim.namespace) where pod[path: "spec", "nodeName"] == nil {
            dirty.add(ObjectKey(kind: "pods", namespace: pod.namespace, name: pod.name))
        }
    }

    /// The claims a pod uses, by name; nil for one that does not exist.
    func claims(of pod: JSONValue) -> [(name: String, claim: JSONValue?)] {
        ClusterState.claimNames(of: pod).map { ($0, object(.claim, pod.namespace, $0)) }
    }
}
