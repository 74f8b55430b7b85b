import JSON

/// Pods between the scheduler, the kubelet and their end.
extension ClusterState {
    /// Has a pod scheduled, and what happens to it next carried out in its time.
    mutating func reconcilePod(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard let pod = self[key] else { return [] }
        if pod.isBeingDeleted { return end(pod, key) }
        let trouble = Trouble(of: pod, in: object(.namespace, "", pod.namespace))
        guard pod[path: "spec", "nodeName"] != nil else {
            schedule(pod, key, trouble)
            return []
        }
        guard !advancing.contains(pod.uid) else { return [] }
        let missing = missingReference(of: pod)
        if missing == nil {
            lackingReferences[key.namespace]?.remove(key)
        } else {
            lackingReferences[key.namespace, default: []].insert(key)
        }
        guard let step = Kubelet(pod: pod, trouble: trouble, missingReference: missing).next() else { return [] }
        advancing.insert(pod.uid)
        return [
            Controllers.DelayedStep(key: key, action: .advancePod(uid: pod.uid), seconds: step.after, isRetry: step.isRetry)
        ]
    }

    /// The time has come for what happens next to a pod.
    mutating func advancePod(_ key: ObjectKey, uid: String) {
        advancing.remove(uid)
        guard let pod = self[key], pod.uid == uid, !pod.isBeingDeleted else { return }
        let trouble = Trouble(of: pod, in: object(.namespace, "", pod.namespace))
        guard let step = Kubelet(pod: pod, trouble: trouble, missingReference: missingReference(of: pod)).next() else { return }
        setStatus(step.status.json, of: pod, Kind.of(.pod))
        for event in step.events {
            emit(
                event.reason, event.message, about: pod, kind: Kind.of(.pod), isWarning: event.isWarning, from: "kubelet",
                fieldPath: "spec.containers{\(step.status.containers.first?.name ?? "")}")
        }
        dirty.add(key)  // also where nothing was to be seen of it
    }

    /// A container that understands SIGTERM ends at once; one that sleeps has its whole grace.
    private mutating func end(_ pod: JSONValue, _ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard advancing.insert("end \(pod.uid)").inserted else { return [] }
        guard pod[path: "status", "phase"]?.string == "Running" else {
            return [Controllers.DelayedStep(key: key, action: .removePod(uid: pod.uid), seconds: 0)]
        }
        let isDeaf = (pod[path: "spec", "containers"]?.array ?? []).contains {
            !ContainerProgram(of: $0, endsByItself: false).isServer
        }
        let grace = Double(pod[path: "metadata", "deletionGracePeriodSeconds"]?.integer ?? 30)
        return [
            Controllers.DelayedStep(key: key, action: .removePod(uid: pod.uid), seconds: isDeaf ? grace : min(grace, 0.3))
        ]
    }

    mutating func removePod(_ key: ObjectKey, uid: String) {
        advancing.remove("end \(uid)")
        guard let pod = self[key], pod.uid == uid else { return }
        guard pod.finalizers.isEmpty else { return }
        remove(key)
    }

    /// What the kubelet says of the first Secret or ConfigMap that an environment variable needs and that is not there.
    private func missingReference(of pod: JSONValue) -> String? {
        for container in pod[path: "spec", "containers"]?.array ?? [] {
            var references: [(Kind.Known, JSONValue, String?)] = []
            for variable in container["env"]?.array ?? [] {
                if let secret = variable[path: "valueFrom", "secretKeyRef"] {
                    references.append((.secret, secret, secret["key"]?.string))
                }
                if let map = variable[path: "valueFrom", "configMapKeyRef"] {
                    references.append((.configMap, map, map["key"]?.string))
                }
            }
            for source in container["envFrom"]?.array ?? [] {
                if let secret = source["secretRef"] { references.append((.secret, secret, nil)) }
                if let map = source["configMapRef"] { references.append((.configMap, map, nil)) }
            }
            for (kind, reference, wantedKey) in references where reference["optional"]?.bool != true {
                let name = reference["name"]?.string ?? ""
                let word = kind.rawValue.lowercased()
                guard let object = object(kind, pod.namespace, name) else { return "\(word) \"\(name)\" not found" }
                if let wantedKey, object[path: "data", wantedKey] == nil {
                    return "couldn't find key \(wantedKey) in \(kind.rawValue) \(pod.namespace)/\(name)"
                }
            }
        }
        return nil
    }
}
