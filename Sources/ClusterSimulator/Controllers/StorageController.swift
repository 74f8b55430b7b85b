import JSON

extension ClusterState {
    /// A volume for a claim of a class that binds at once; one that waits is bound when its first pod is scheduled.
    mutating func reconcileClaim(_ key: ObjectKey) {
        guard let claim = self[key] else {
            for volume in objects(.volume, in: "")
            where volume[path: "spec", "claimRef", "namespace"]?.string == key.namespace
                && volume[path: "spec", "claimRef", "name"]?.string == key.name
            {
                remove(ObjectKey(kind: Kind.of(.volume).id, namespace: "", name: volume.name))
            }
            return
        }
        guard claim[path: "status", "phase"]?.string == "Pending", !claim.isBeingDeleted else { return }
        if storageClass(of: claim)?["volumeBindingMode"]?.string == "Immediate" { bind(claim) }
    }

    func storageClass(of claim: JSONValue) -> JSONValue? {
        claim[path: "spec", "storageClassName"]?.string.flatMap { object(.storageClass, "", $0) }
    }

    mutating func bind(_ claim: JSONValue) {
        guard let storageClass = storageClass(of: claim), storageClass["provisioner"]?.string != "simulator.store-platform/never"
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
        bound["status"] = [
            "phase": "Bound", "accessModes": claim[path: "spec", "accessModes"] ?? ["ReadWriteOnce"], "capacity": capacity,
        ]
        put(bound, as: Kind.of(.claim))
        emit(
            "ProvisioningSucceeded", "Successfully provisioned volume \(volumeName)", about: claim, kind: Kind.of(.claim),
            from: "simulator")
        for pod in objects(.pod, in: claim.namespace) where pod[path: "spec", "nodeName"] == nil {
            dirty.add(ObjectKey(kind: "pods", namespace: pod.namespace, name: pod.name))
        }
    }

    /// The claims a pod uses, by name; nil for one that does not exist.
    func claims(of pod: JSONValue) -> [(name: String, claim: JSONValue?)] {
        (pod[path: "spec", "volumes"]?.array ?? []).compactMap { volume in
            volume[path: "persistentVolumeClaim", "claimName"]?.string.map { ($0, object(.claim, pod.namespace, $0)) }
        }
    }
}
