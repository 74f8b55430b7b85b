package import JSON

/// How one container of a pod fares.
package struct ContainerStatus: Sendable, Hashable {
    package let name: String
    package let isReady: Bool
    package let restartCount: Int
    package let image: String
    /// Nil when the kubelet has not said.
    package let state: ContainerState?
    /// The state before the last restart: why it crashed, while `state` already waits for the next attempt.
    package let lastState: ContainerState?

    package init(json: JSONValue) {
        name = json["name"]?.string ?? ""
        isReady = json["ready"]?.bool ?? false
        restartCount = json["restartCount"]?.integer ?? 0
        image = json["image"]?.string ?? ""
        state = ContainerState(json: json["state"])
        lastState = ContainerState(json: json["lastState"])
    }
}

package enum ContainerState: Sendable, Hashable {
    /// Not started: `ContainerCreating`, `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerConfigError` …
    case waiting(reason: String?, message: String?)
    /// With the time of its start, RFC 3339.
    case running(startedAt: String?)
    case terminated(ContainerTermination)

    /// Nil for a state that is absent, empty or of a kind we do not know.
    init?(json: JSONValue?) {
        if let waiting = json?["waiting"] {
            self = .waiting(reason: waiting["reason"]?.string, message: waiting["message"]?.string)
        } else if let running = json?["running"] {
            self = .running(startedAt: running["startedAt"]?.string)
        } else if let terminated = json?["terminated"] {
            self = .terminated(ContainerTermination(json: terminated))
        } else {
            return nil
        }
    }

    package var waiting: (reason: String?, message: String?)? {
        if case .waiting(let reason, let message) = self { (reason, message) } else { nil }
    }

    package var isRunning: Bool { if case .running = self { true } else { false } }

    package var terminated: ContainerTermination? { if case .terminated(let termination) = self { termination } else { nil } }
}

/// How a container ended.
package struct ContainerTermination: Sendable, Hashable {
    /// 137 is SIGKILL, often by the memory limit: then `reason` is `OOMKilled`.
    package let exitCode: Int
    package let signal: Int?
    /// `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, `DeadlineExceeded` …
    package let reason: String?
    /// What the container wrote to its termination message file, up to 4 KB, or the end of its log.
    package let message: String?
    /// RFC 3339, as the server wrote it.
    package let finishedAt: String?

    package init(json: JSONValue) {
        exitCode = json["exitCode"]?.integer ?? 0
        signal = json["signal"]?.integer
        reason = json["reason"]?.string
        message = json["message"]?.string
        finishedAt = json["finishedAt"]?.string
    }
}
