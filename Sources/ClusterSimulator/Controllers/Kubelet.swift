import JSON

/// Scheduling and running pods. What goes wrong is asked for by annotation, on the pod or on its namespace:
///
/// `simulator.store-platform/image-pull: fail` · `…/crash: "3:message"` · `…/job: "fail:message"` · `…/ready: never` ·
/// `…/unschedulable: "true"`; and an image whose tag contains `does-not-exist` cannot be pulled.
extension ClusterState {
    mutating func reconcilePod(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard let pod = self[key] else { return [] }
        if pod.isBeingDeleted {
            advancing.remove(pod.uid)
            let hasRun = pod[path: "status", "phase"]?.string == "Running"
            return [Controllers.DelayedStep(key: key, action: .removePod(uid: pod.uid), delays: hasRun ? 0.2 : 0)]
        }
        guard pod[path: "spec", "nodeName"] == nil else {
            guard isWaiting(pod), advancing.insert(pod.uid).inserted else { return [] }
            return [Controllers.DelayedStep(key: key, action: .advancePod(uid: pod.uid))]
        }
        return schedule(pod, key)
    }

    /// Whether the kubelet has yet to start the pod, or to end it where it is a job's.
    private func isWaiting(_ pod: JSONValue) -> Bool {
        switch pod[path: "status", "phase"]?.string {
        case "Pending":
            pod[path: "status", "containerStatuses"]?.array?.first?[path: "state", "waiting", "reason"]?.string
                == "ContainerCreating"
        case "Running": pod.controller?["kind"]?.string == "Job"
        default: false
        }
    }

    private mutating func schedule(_ pod: JSONValue, _ key: ObjectKey) -> [Controllers.DelayedStep] {
        let node = "simulator-0"
        if trouble("unschedulable", pod) != nil {
            let what =
                "1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
            return refuseScheduling(pod, "0/1 nodes are available: \(what)")
        }
        for (name, claim) in claims(of: pod) {
            guard let claim else {
                return refuseScheduling(pod, "0/1 nodes are available: persistentvolumeclaim \"\(name)\" not found. not found")
            }
            guard claim[path: "status", "phase"]?.string != "Bound" else { continue }
            guard storageClass(of: claim)?["volumeBindingMode"]?.string == "WaitForFirstConsumer" else {
                return refuseScheduling(pod, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found")
            }
            bind(claim)
        }
        var scheduled = pod
        scheduled.set(["spec", "nodeName"], .string(node))
        scheduled["status"] = runningStatus(
            of: pod, phase: "Pending", state: ["waiting": ["reason": "ContainerCreating"]], isReady: false)
        put(scheduled, as: Kind.of(.pod))
        emit(
            "Scheduled", "Successfully assigned \(pod.namespace)/\(pod.name) to \(node)", about: pod, kind: Kind.of(.pod),
            from: "default-scheduler")
        return []  // the change itself brings the pod back to reconcilePod, which starts it
    }

    private mutating func refuseScheduling(_ pod: JSONValue, _ message: String) -> [Controllers.DelayedStep] {
        let condition = ClusterState.condition("PodScheduled", false, "Unschedulable", message, old: pod)
        let isNews = pod[path: "status", "conditions"]?.array?.first?["message"]?.string != message
        setStatus(["phase": "Pending", "conditions": [condition], "qosClass": "Burstable"], of: pod, Kind.of(.pod))
        if isNews {
            emit("FailedScheduling", message, about: pod, kind: Kind.of(.pod), isWarning: true, from: "default-scheduler")
        }
        return []
    }

    /// The next thing that happens to a pod on its node.
    mutating func advancePod(_ key: ObjectKey, uid: String) -> [Controllers.DelayedStep] {
        guard let pod = self[key], pod.uid == uid, !pod.isBeingDeleted else { return [] }
        let again = Controllers.DelayedStep(key: key, action: .advancePod(uid: uid), delays: 2)
        if let image = unpullableImage(of: pod) {
            failPull(of: pod, image)
            return []
        }
        if let crash = trouble("crash", pod) { return fail(pod, crash) ? [again] : [] }
        let isJob = pod.controller?["kind"]?.string == "Job"
        if isJob, pod[path: "status", "phase"]?.string == "Running" {
            endJobPod(pod)
            return []
        }
        let isReady = trouble("ready", pod) != "never" && !isJob
        let running: JSONValue = ["running": ["startedAt": .string(Clock.now)]]
        setStatus(runningStatus(of: pod, phase: "Running", state: running, isReady: isReady), of: pod, Kind.of(.pod))
        emit("Started", "Container started", about: pod, kind: Kind.of(.pod), from: "kubelet")
        if !isReady, !isJob {
            emit(
                "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", about: pod, kind: Kind.of(.pod),
                isWarning: true,
                from: "kubelet")
        }
        return isJob ? [Controllers.DelayedStep(key: key, action: .advancePod(uid: uid))] : []
    }

    private mutating func endJobPod(_ pod: JSONValue) {
        let failure = trouble("job", pod).flatMap { $0.hasPrefix("fail:") ? String($0.dropFirst(5)) : nil }
        var termination: JSONValue = [
            "exitCode": failure == nil ? 0 : 1, "reason": failure == nil ? "Completed" : "Error", "startedAt": .string(Clock.now),
            "finishedAt": .string(Clock.now),
        ]
        if let failure { termination["message"] = .string(failure) }
        setStatus(
            runningStatus(
                of: pod, phase: failure == nil ? "Succeeded" : "Failed", state: ["terminated": termination], isReady: false),
            of: pod,
            Kind.of(.pod))
    }

    private func unpullableImage(of pod: JSONValue) -> String? {
        let images = (pod[path: "spec", "containers"]?.array ?? []).compactMap { $0["image"]?.string }
        if trouble("image-pull", pod) == "fail" { return images.first }
        return images.first { $0.contains("does-not-exist") }
    }

    private mutating func failPull(of pod: JSONValue, _ image: String) {
        let cause =
            "failed to pull and unpack image \"\(image)\": failed to resolve reference \"\(image)\": \(image): not found"
        let message = "Back-off pulling image \"\(image)\": ErrImagePull: rpc error: code = NotFound desc = \(cause)"
        let state: JSONValue = ["waiting": ["reason": "ImagePullBackOff", "message": .string(message)]]
        setStatus(runningStatus(of: pod, phase: "Pending", state: state, isReady: false), of: pod, Kind.of(.pod))
        emit("Failed", "Error: ImagePullBackOff", about: pod, kind: Kind.of(.pod), isWarning: true, from: "kubelet")
    }

    /// - Returns: whether the container is started once more; in the end it stays in its back-off.
    private mutating func fail(_ pod: JSONValue, _ crash: String) -> Bool {
        let parts = crash.split(separator: ":", maxSplits: 1)
        let restarts = (pod[path: "status", "containerStatuses"]?.array?.first?["restartCount"]?.integer ?? -1) + 1
        let isOutOfMemory = parts.first == "OOMKilled"
        let termination: JSONValue = [
            "exitCode": .integer(isOutOfMemory ? 137 : parts.first.flatMap { Int($0) } ?? 1),
            "reason": isOutOfMemory ? "OOMKilled" : "Error",
            "message": .string(parts.count > 1 ? String(parts[1]) : ""), "startedAt": .string(Clock.now),
            "finishedAt": .string(Clock.now),
        ]
        let message = "back-off 10s restarting failed container=main pod=\(pod.name)_\(pod.namespace)(\(pod.uid))"
        let state: JSONValue = ["waiting": ["reason": "CrashLoopBackOff", "message": .string(message)]]
        var status = runningStatus(of: pod, phase: "Running", state: state, isReady: false)
        if var containers = status["containerStatuses"]?.array {
            for index in containers.indices {
                containers[index]["lastState"] = ["terminated": termination]
                containers[index]["restartCount"] = .integer(restarts)
            }
            status["containerStatuses"] = .array(containers)
        }
        setStatus(status, of: pod, Kind.of(.pod))
        emit(
            "BackOff", "Back-off restarting failed container in pod \(pod.name)", about: pod, kind: Kind.of(.pod), isWarning: true,
            from: "kubelet")
        return restarts < 5
    }

    private func runningStatus(of pod: JSONValue, phase: String, state: JSONValue, isReady: Bool) -> JSONValue {
        let names = (pod[path: "spec", "containers"]?.array ?? []).compactMap { $0["name"]?.string }
        let unready = "containers with unready status: [\(names.joined(separator: " "))]"
        let isOver = phase == "Succeeded" || phase == "Failed"
        let reason = isReady ? "" : isOver ? "PodCompleted" : "ContainersNotReady"
        var conditions = ["PodReadyToStartContainers", "Initialized"].map { ClusterState.condition($0, true, "", "", old: pod) }
        for type in ["Ready", "ContainersReady"] {
            conditions.append(ClusterState.condition(type, isReady, reason, isReady || isOver ? "" : unready, old: pod))
        }
        conditions.append(ClusterState.condition("PodScheduled", true, "", "", old: pod))
        let containers = (pod[path: "spec", "containers"]?.array ?? []).map { container -> JSONValue in
            [
                "name": container["name"] ?? "", "state": state, "lastState": [:], "ready": .bool(isReady), "restartCount": 0,
                "image": container["image"] ?? "", "imageID": "", "started": .bool(isReady),
            ]
        }
        return [
            "observedGeneration": 1, "phase": .string(phase), "conditions": .array(conditions), "hostIP": "127.0.0.1",
            "startTime": pod[path: "status", "startTime"] ?? .string(Clock.now), "containerStatuses": .array(containers),
            "qosClass": "Burstable",
        ]
    }

    /// What is asked to go wrong with a pod.
    private func trouble(_ name: String, _ pod: JSONValue) -> String? {
        let key = "simulator.store-platform/\(name)"
        if let own = pod.annotations[key]?.string { return own }
        guard let wanted = object(.namespace, "", pod.namespace)?.annotations[key]?.string else { return nil }
        // `shop=never`: only for pods whose component label says so.
        guard let mark = wanted.firstIndex(of: "=") else { return wanted }
        return pod.labels["app.kubernetes.io/component"]?.string == String(wanted[..<mark])
            ? String(wanted[wanted.index(after: mark)...]) : nil
    }
}
