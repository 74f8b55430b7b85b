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
            if let warning = observation.warnings[pod.metadata.name] { return .waiting(ofProbe(warning, of: pod, what)) }
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
        let said = lastWords(in: end.message ?? "")
        if let cause = ofWords(said, what) { return cause }
        let again = restarts > 0 ? " It has been started again \(restarts) time\(restarts == 1 ? "" : "s")." : ""
        return Cause(
            "crash_loop",
            "The container of \(what) ended with code \(end.exitCode) (\(end.reason ?? "no reason given"))\(said.isEmpty ? "." : ": \(said)")\(again)"
        )
    }

    /// A pod that runs and is not ready shows it in nothing but the kubelet's events, which have the probe's answer.
    private static func ofProbe(_ warning: String, of pod: Pod, _ what: String) -> Cause {
        let text = warning.asOneLine(limit: 300)
        let log = "kubectl logs -n \(pod.metadata.namespace ?? "NAMESPACE") \(pod.metadata.name)"
        if let status = text.firstMatch(of: /statuscode: ([0-9]{3})/) {
            return Cause(
                "probe_failing",
                "Waiting for \(what): its pod runs, and its probe is answered with \(status.1) (\(text)). If that lasts, its log says more: \(log)"
            )
        }
        return Cause(
            "not_ready",
            "Waiting for \(what): its pod runs and does not answer yet (\(text)). If that lasts, its log says more: \(log)")
    }

    /// Causes that show only in what a program has said before it ended.
    private static func ofWords(_ said: String, _ what: String) -> Cause? {
        let text = said.lowercased()
        if text.contains("access denied for user") || text.contains("password authentication failed")
            || text.contains("refuses the password")
        {
            return Cause(
                "database_password",
                "The database refuses the password of \(what): \(said) Its Secret “\(Credentials.secret)” is not the one that the database was made with. Put that Secret back from a backup, or delete the store."
            )
        }
        if text.contains("permission denied") || text.contains("read-only file system") {
            return Cause(
                "volume_not_writable",
                "The volume of \(what) cannot be written: \(said) Its storage class gives directories that only root may write; choose another class and make the store again."
            )
        }
        return nil
    }

    /// Why a set-up has failed for good, by what its pods have said.
    static func ofSetup(_ pods: [Pod], _ failure: String) -> Cause {
        let ends = pods.sorted { ($0.metadata.creationTimestamp ?? "") < ($1.metadata.creationTimestamp ?? "") }
            .flatMap(\.containerStatuses).compactMap { $0.state?.terminated }.filter { $0.exitCode != 0 }
        guard let end = ends.last else {
            return Cause(
                "setup_failed", "The set-up has failed and is not tried again. \(failure). Mend the cause and retry the store.")
        }
        if end.reason == "OOMKilled" { return ofEnd(end, 0, "the set-up") }
        let said = lastWords(in: end.message ?? "")
        if let cause = ofWords(said, "the set-up") { return cause }
        let words = said.isEmpty ? "It ended with code \(end.exitCode) (\(end.reason ?? "no reason given"))." : said
        let step = SetupStep.steps(in: end.message ?? "").last { $0.state == .failed }
        let place = step.map { " in its step “\($0.name)”" } ?? ""
        return Cause(
            "setup_failed", "The set-up has failed\(place) and is not tried again: \(words) Mend the cause and retry the store.")
    }

    /// The failed step's message where there is one, else the text itself, as a sentence.
    private static func lastWords(in message: String) -> String {
        let text = SetupStep.steps(in: message).last { $0.state == .failed }?.message ?? message.asOneLine(limit: 300)
        return text.isEmpty || text.hasSuffix(".") ? text : text + "."
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
}
