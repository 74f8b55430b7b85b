import Foundation
import JSON

/// The one way in which a pod on a node goes on: what happens next to it, after how long, and what is said of it. Pure.
///
/// Times are simulated seconds, counted after what a kubelet with containerd 2 was seen to take and do.
struct Kubelet {
    struct Step {
        let after: Double
        /// Something that failed is tried again.
        var isRetry = false
        let status: PodStatus
        var events: [PodEvent] = []
    }

    struct PodEvent {
        let reason: String
        let message: String
        var isWarning = false
    }

    let pod: JSONValue
    let trouble: Trouble
    /// The first Secret or ConfigMap that a container refers to and that is not there, in the kubelet's words.
    let missingReference: String?

    /// Nil where nothing happens by itself.
    func next() -> Step? {
        let status = PodStatus(of: pod)
        guard status.phase == "Pending" || status.phase == "Running" else { return nil }
        guard pod[path: "status", "containerStatuses"] != nil else { return Step(after: 0, status: status) }
        if !status.hasSandbox, status.phase == "Pending" {
            var status = status
            status.hasSandbox = true
            return Step(after: 0.75, status: status)
        }
        if let end = ended(status) { return end }
        return status.containers.indices.compactMap { step(of: $0, status) }.min { $0.after < $1.after }
    }

    /// The pod as a whole is over once all of its containers are.
    private func ended(_ status: PodStatus) -> Step? {
        let ends = status.containers.compactMap(\.termination)
        guard ends.count == status.containers.count, !ends.isEmpty, !ends.contains(where: isRestarted) else { return nil }
        var status = status
        status.phase = ends.allSatisfy { $0.exitCode == 0 } ? "Succeeded" : "Failed"
        return Step(after: 0.3, status: status)
    }

    private func isRestarted(_ end: PodStatus.Termination) -> Bool {
        switch pod[path: "spec", "restartPolicy"]?.string ?? "Always" {
        case "Never": false
        case "OnFailure": end.exitCode != 0
        default: true
        }
    }

    // MARK: One container

    private func step(of index: Int, _ status: PodStatus) -> Step? {
        let container = status.containers[index]
        switch container.state {
        case .waiting("CrashLoopBackOff", _): return started(index, status, after: backoff(container.restarts), isRetry: true)
        case .waiting("ErrImagePull", _): return backedOffFromPulling(index, status)
        case .waiting("ImagePullBackOff", _): return starting(index, status, after: 20, isRetry: true)
        // Looked at again when what is missing may have come.
        case .waiting("CreateContainerConfigError", _):
            return missingReference == nil ? starting(index, status, after: 1, isRetry: true) : nil
        case .waiting: return starting(index, status, after: 0.75, isRetry: false)
        case .running(let since): return working(index, status, since: since)
        case .terminated(let end): return isRestarted(end) ? restarting(index, status, end) : nil
        }
    }

    /// Pulls and starts, or says why not.
    private func starting(_ index: Int, _ status: PodStatus, after delay: Double, isRetry: Bool) -> Step? {
        var status = status
        let image = status.containers[index].image
        if trouble.failsPulling || image.contains("does-not-exist") || image.contains(".invalid/") {
            let message =
                "rpc error: code = NotFound desc = failed to pull and unpack image \"\(image)\": failed to resolve reference \"\(image)\": \(image): not found"
            status.containers[index].state = .waiting("ErrImagePull", message)
            return Step(
                after: delay, isRetry: isRetry, status: status,
                events: [
                    PodEvent(reason: "Pulling", message: "Pulling image \"\(image)\""),
                    PodEvent(reason: "Failed", message: "Failed to pull image \"\(image)\": \(message)", isWarning: true),
                    PodEvent(reason: "Failed", message: "Error: ErrImagePull", isWarning: true),
                ])
        }
        if let missingReference {
            status.containers[index].state = .waiting("CreateContainerConfigError", missingReference)
            return Step(
                after: delay, isRetry: isRetry, status: status,
                events: [pulled(image), PodEvent(reason: "Failed", message: "Error: \(missingReference)", isWarning: true)])
        }
        return started(index, status, after: delay, isRetry: isRetry)
    }

    private func started(_ index: Int, _ status: PodStatus, after delay: Double, isRetry: Bool) -> Step {
        var status = status
        let container = status.containers[index]
        if let id = container.containerID, !id.isEmpty { status.containers[index].restarts += 1 }
        status.containers[index].state = .running(since: Clock.now)
        status.containers[index].containerID = PodStatus.newContainerID()
        status.containers[index].isReady =
            spec(of: index)["readinessProbe"] == nil && !trouble.isNeverReady && trouble.readyAfter == nil
        status.phase = "Running"
        return Step(
            after: delay, isRetry: isRetry, status: status,
            events: [
                pulled(container.image), PodEvent(reason: "Created", message: "Container created"),
                PodEvent(reason: "Started", message: "Container started"),
            ])
    }

    private func pulled(_ image: String) -> PodEvent {
        PodEvent(
            reason: "Pulled",
            message: "Container image \"\(image)\" already present on machine and can be accessed by the pod")
    }

    private func backedOffFromPulling(_ index: Int, _ status: PodStatus) -> Step {
        var status = status
        let container = status.containers[index]
        var cause = ""
        if case .waiting(_, let message?) = container.state { cause = message }
        let backoff = "Back-off pulling image \"\(container.image)\""
        status.containers[index].state = .waiting("ImagePullBackOff", "\(backoff): ErrImagePull: \(cause)")
        return Step(
            after: 3, isRetry: true, status: status,
            events: [
                PodEvent(reason: "BackOff", message: backoff),
                PodEvent(reason: "Failed", message: "Error: ImagePullBackOff", isWarning: true),
            ])
    }

    /// A container that runs becomes ready, or ends.
    private func working(_ index: Int, _ status: PodStatus, since: String) -> Step? {
        let container = status.containers[index]
        let program = program(of: index)
        let probe = spec(of: index)["readinessProbe"]
        if !container.isReady, !trouble.isNeverReady, trouble.readyAfter != nil || program.passes(probe) == true {
            let delay = trouble.readyAfter ?? Double(probe?["initialDelaySeconds"]?.integer ?? 0) + 0.3
            if delay < program.duration ?? .infinity {
                var status = status
                status.containers[index].isReady = true
                return Step(after: delay, status: status)
            }
        }
        guard let duration = program.duration else { return nil }
        var status = status
        let says = spec(of: index)["terminationMessagePolicy"]?.string == "FallbackToLogsOnError" || trouble.speaks
        status.containers[index].isReady = false
        status.containers[index].state = .terminated(
            .init(
                exitCode: program.exitCode,
                reason: program.isOutOfMemory ? "OOMKilled" : program.exitCode == 0 ? "Completed" : "Error",
                message: says && program.exitCode != 0 && !program.output.isEmpty ? program.output : nil, startedAt: since,
                finishedAt: Clock.now, containerID: container.containerID ?? ""))
        return Step(after: max(duration, 0.3), status: status)
    }

    /// The first time at once; then after a pause that doubles.
    private func restarting(_ index: Int, _ status: PodStatus, _ end: PodStatus.Termination) -> Step {
        var status = status
        let container = status.containers[index]
        status.containers[index].lastTermination = end
        guard container.restarts > 0 else { return started(index, status, after: 0.5, isRetry: true) }
        let name = "\(pod.name)_\(pod.namespace)(\(pod.uid))"
        let pause = Int(backoff(container.restarts))
        let text = pause % 60 == 0 ? "\(pause / 60)m0s" : pause > 60 ? "\(pause / 60)m\(pause % 60)s" : "\(pause)s"
        status.containers[index].state = .waiting(
            "CrashLoopBackOff", "back-off \(text) restarting failed container=\(container.name) pod=\(name)")
        return Step(
            after: 0.5, isRetry: true, status: status,
            events: [
                PodEvent(
                    reason: "BackOff", message: "Back-off restarting failed container \(container.name) in pod \(name)",
                    isWarning: true)
            ])
    }

    /// 10, 20, 40 … 300 s.
    private func backoff(_ restarts: Int) -> Double { min(300, 10 * pow(2, Double(max(0, min(restarts, 10) - 1)))) }

    private func spec(of index: Int) -> JSONValue { pod[path: "spec", "containers"]?.array?[index] ?? [:] }

    private func program(of index: Int) -> ContainerProgram {
        trouble.program ?? ContainerProgram(of: spec(of: index), endsByItself: pod.controller?["kind"]?.string == "Job")
    }
}

/// What is asked to go wrong with a pod, by annotations `simulator.store-platform/…` on it or on its namespace. `shop=never` counts only
/// for the pods whose component is `shop`.
struct Trouble {
    var failsPulling = false
    var isNeverReady = false
    /// Simulated seconds from its start, whatever its probe says.
    var readyAfter: Double?
    var isUnschedulable = false
    /// What its containers are said to have written.
    var log: String?
    /// What its containers do instead of what they would.
    var program: ContainerProgram?
    /// Their last words become the termination message whatever the policy.
    var speaks: Bool { program != nil }

    static let prefix = "simulator.store-platform/"

    init(of pod: JSONValue, in namespace: JSONValue?) {
        func wish(_ name: String) -> String? {
            let key = Trouble.prefix + name
            if let own = pod.annotations[key]?.string { return own }
            guard let wanted = namespace?.annotations[key]?.string else { return nil }
            guard let mark = wanted.firstIndex(of: "=") else { return wanted }
            return pod.labels["app.kubernetes.io/component"]?.string == String(wanted[..<mark])
                ? String(wanted[wanted.index(after: mark)...]) : nil
        }
        failsPulling = wish("image-pull") == "fail"
        isNeverReady = wish("ready") == "never"
        readyAfter = wish("ready").flatMap { Double($0) }
        isUnschedulable = wish("unschedulable") != nil
        log = wish("log")
        let isJob = pod.controller?["kind"]?.string == "Job"
        if let crash = wish("crash") {
            let parts = crash.split(separator: ":", maxSplits: 1).map(String.init)
            let isOutOfMemory = parts.first == "OOMKilled"
            program = ContainerProgram(
                failingWith: isOutOfMemory ? 137 : parts.first.flatMap { Int($0) } ?? 1, parts.count > 1 ? parts[1] : "",
                isOutOfMemory: isOutOfMemory)
        } else if isJob, let failure = wish("job"), failure.hasPrefix("fail:") {
            program = ContainerProgram(failingWith: 1, String(failure.dropFirst(5)))
        }
    }
}
