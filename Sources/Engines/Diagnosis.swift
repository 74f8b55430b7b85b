import Kubernetes
import Stores

/// Says in words what keeps the pods of a stage from running.
enum Diagnosis {
    /// The best explanation there is for a stage that waits.
    static func of(_ stage: Stage, _ waiting: Cause, in observation: Observation) -> StageState {
        let what = "the \(stage.name.title)"
        for pod in observation.pods(of: stage.name.rawValue) where !pod.isReady && pod.phase != "Succeeded" {
            if let cause = ofContainers(of: pod, what, in: observation) { return .waiting(cause) }
            if let cause = ofScheduling(of: pod, what) { return .waiting(cause) }
            if let warning = observation.warnings[pod.metadata.name] {
                return .waiting(
                    Cause(
                        "not_ready", "Waiting for \(what): its pod runs and does not answer yet (\(warning.asOneLine(limit: 300)))."
                    ))
            }
        }
        return .waiting(waiting)
    }

    private static func ofContainers(of pod: Pod, _ what: String, in observation: Observation) -> Cause? {
        for container in pod.allContainerStatuses {
            switch container.state {
            case .waiting(let reason, let message):
                if let cause = ofWaiting(container, reason ?? "", message ?? "", what) { return cause }
            case .terminated(let end) where end.exitCode != 0: return ofEnd(end, container.restartCount, what)
            default:
                if case .terminated(let end) = container.lastState, end.exitCode != 0 {
                    return ofEnd(end, container.restartCount, what)
                }
            }
        }
        return nil
    }

    private static func ofWaiting(_ container: ContainerStatus, _ reason: String, _ message: String, _ what: String) -> Cause? {
        switch reason {
        case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
            return Cause(
                "image_pull",
                "The image “\(container.image)” of \(what) cannot be pulled: \(message.asOneLine(limit: 300)). Check the image's name and the registry."
            )
        case "CrashLoopBackOff":
            if let end = container.lastState?.terminated { return ofEnd(end, container.restartCount, what) }
            return Cause("crash_loop", "The container of \(what) ends again and again: \(message.asOneLine(limit: 300))")
        case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
            return Cause("container_config", "The container of \(what) cannot be started: \(message.asOneLine(limit: 300)).")
        default: return nil
        }
    }

    private static func ofEnd(_ end: ContainerTermination, _ restarts: Int, _ what: String) -> Cause {
        // In a Job a kill for memory has exit code 1, so the reason is what counts.
        if end.reason == "OOMKilled" {
            return Cause(
                "out_of_memory",
                "The container of \(what) was ended because it used more memory than its plan allows. Choose a larger plan.")
        }
        let said = (end.message ?? "").asOneLine(limit: 300)
        let again = restarts > 0 ? " It has been started again \(restarts) time\(restarts == 1 ? "" : "s")." : ""
        return Cause(
            "crash_loop",
            "The container of \(what) ended with code \(end.exitCode) (\(end.reason ?? "no reason given"))\(said.isEmpty ? "" : ": \(said)").\(again)"
        )
    }

    private static func ofScheduling(of pod: Pod, _ what: String) -> Cause? {
        guard let condition = pod.conditions["PodScheduled"], condition.status == "False" else { return nil }
        let message = condition.words
        if message.contains("unbound immediate PersistentVolumeClaims") || message.contains("persistentvolumeclaim") {
            return Cause("volume_pending", "Waiting for \(what): its volume is not bound yet (\(message)).")
        }
        return Cause("unschedulable", "No node has room for \(what): \(message). Add a node or choose a smaller plan.")
    }

    /// Why a workload could not make its pods: the text of `ReplicaFailure` or of a refused write.
    static func ofRefusal(_ message: String) -> StageState {
        let text = message.asOneLine(limit: 400)
        if message.contains("exceeded quota") || message.contains("failed quota") || message.contains("maximum ") {
            return .waiting(Cause("quota_exceeded", "The store's quota does not allow another pod: \(text)"))
        }
        if message.contains("violates PodSecurity") {
            return .failed(Cause("pod_security", "The cluster's pod security refuses the store's pods: \(text)"))
        }
        return .waiting(Cause("refused", "The cluster refuses to make the store's pods: \(text)"))
    }

    /// What the last container to fail said.
    static func lastWords(of pods: [Pod]) -> String? {
        let ends = pods.sorted { ($0.metadata.creationTimestamp ?? "") < ($1.metadata.creationTimestamp ?? "") }.flatMap(
            \.containerStatuses
        ).compactMap { container -> String? in
            guard let end = container.state?.terminated, end.exitCode != 0 else { return nil }
            let said = (end.message ?? "").asOneLine(limit: 300)
            return said.isEmpty
                ? "code \(end.exitCode) (\(end.reason ?? "no reason given"))." : said.hasSuffix(".") ? said : said + "."
        }
        return ends.last
    }
}
