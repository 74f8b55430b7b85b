package import JSON

package struct Pod: KubernetesObject {
    package static let resource = Resource.pod
    package let metadata: ObjectMeta
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    package let phase: String
    package let reason: String
    package let message: String
    package let conditions: [Condition]
    /// Those of init containers first.
    package let containers: [ContainerStatus]

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        let status = json["status"]
        phase = status?["phase"]?.string ?? ""
        reason = status?["reason"]?.string ?? ""
        message = status?["message"]?.string ?? ""
        conditions = Condition.all(of: json)
        let statuses = (status?["initContainerStatuses"]?.array ?? []) + (status?["containerStatuses"]?.array ?? [])
        containers = statuses.map(ContainerStatus.init)
    }

    package var isReady: Bool { conditions["Ready"]?.isTrue ?? false }
}

package struct ContainerStatus: Sendable, Hashable {
    package let name: String
    package let image: String
    package let isReady: Bool
    package let restartCount: Int
    package let state: ContainerState
    /// How it ended before its last restart.
    package let lastState: ContainerState

    init(_ json: JSONValue) {
        name = json["name"]?.string ?? ""
        image = json["image"]?.string ?? ""
        isReady = json["ready"]?.bool ?? false
        restartCount = json["restartCount"]?.integer ?? 0
        state = ContainerState(json["state"])
        lastState = ContainerState(json["lastState"])
    }
}

package enum ContainerState: Sendable, Hashable {
    case waiting(reason: String, message: String)
    case running
    case terminated(Termination)
    case unknown

    package struct Termination: Sendable, Hashable {
        /// `Completed`, `Error`, `OOMKilled` …
        package let reason: String
        package let exitCode: Int
        /// The end of the log where the container asks for that (`FallbackToLogsOnError`).
        package let message: String
    }

    init(_ json: JSONValue?) {
        if let waiting = json?["waiting"] {
            self = .waiting(reason: waiting["reason"]?.string ?? "", message: waiting["message"]?.string ?? "")
        } else if json?["running"] != nil {
            self = .running
        } else if let ended = json?["terminated"] {
            self = .terminated(
                Termination(
                    reason: ended["reason"]?.string ?? "", exitCode: ended["exitCode"]?.integer ?? 0,
                    message: ended["message"]?.string ?? ""))
        } else {
            self = .unknown
        }
    }
}
