import JSON

/// A pod's status, taken apart to be changed and put together again as a kubelet writes it.
struct PodStatus {
    /// Where a container is.
    enum State: Equatable {
        case waiting(String, String?)
        case running(since: String)
        case terminated(Termination)
    }

    struct Termination: Equatable {
        var exitCode: Int
        var reason: String
        var message: String?
        var startedAt: String
        var finishedAt: String
        var containerID: String
    }

    struct Container {
        let name: String
        let image: String
        var state = State.waiting("ContainerCreating", nil)
        var lastTermination: Termination?
        var isReady = false
        var restarts = 0
        var containerID: String?

        var isRunning: Bool { if case .running = state { true } else { false } }
        var termination: Termination? { if case .terminated(let end) = state { end } else { nil } }
        var waitingReason: String? { if case .waiting(let reason, _) = state { reason } else { nil } }
    }

    var phase: String
    var containers: [Container]
    var hasSandbox: Bool
    private let pod: JSONValue

    /// As the pod's present status has it.
    init(of pod: JSONValue) {
        self.pod = pod
        let status = pod["status"]
        phase = status?["phase"]?.string ?? "Pending"
        hasSandbox = PodStatus.isTrue("PodReadyToStartContainers", status)
        let written = status?["containerStatuses"]?.array ?? []
        containers = (pod[path: "spec", "containers"]?.array ?? []).map { spec in
            var container = Container(name: spec["name"]?.string ?? "", image: spec["image"]?.string ?? "")
            guard let status = written.first(where: { $0["name"] == spec["name"] }) else { return container }
            container.isReady = status["ready"]?.bool ?? false
            container.restarts = status["restartCount"]?.integer ?? 0
            container.containerID = status["containerID"]?.string
            container.lastTermination = Termination(status[path: "lastState", "terminated"])
            let state = status["state"]
            if let waiting = state?["waiting"] {
                container.state = .waiting(waiting["reason"]?.string ?? "", waiting["message"]?.string)
            } else if let running = state?["running"] {
                container.state = .running(since: running["startedAt"]?.string ?? "")
            } else if let end = Termination(state?["terminated"]) {
                container.state = .terminated(end)
            }
            return container
        }
    }

    static func isTrue(_ condition: String, _ status: JSONValue?) -> Bool {
        status?["conditions"]?.array?.contains { $0["type"]?.string == condition && $0["status"]?.string == "True" } ?? false
    }

    // MARK: Writing

    var json: JSONValue {
        let old = pod["status"]
        let isOver = phase == "Succeeded" || phase == "Failed"
        let unready = containers.filter { !$0.isReady }.map(\.name)
        let hasEnded = !containers.isEmpty && containers.allSatisfy { $0.termination != nil } && (isOver || !restarts)
        let hasFailed = containers.contains { $0.termination.map { $0.exitCode != 0 } ?? false }
        let reason = unready.isEmpty ? nil : hasEnded ? (hasFailed ? "PodFailed" : "PodCompleted") : "ContainersNotReady"
        let message = reason == "ContainersNotReady" ? "containers with unready status: [\(unready.joined(separator: " "))]" : nil
        let ended = hasEnded && !hasFailed ? "PodCompleted" : nil
        let address = old?["podIP"]?.string ?? (hasSandbox ? PodStatus.freeAddress() : nil)
        var status: JSONValue = [
            "observedGeneration": 1, "phase": .string(phase),
            "conditions": [
                condition("PodReadyToStartContainers", hasSandbox && !isOver), condition("Initialized", true, ended),
                condition("Ready", unready.isEmpty, reason, message),
                condition("ContainersReady", unready.isEmpty, reason, message),
                condition("PodScheduled", true),
            ],
            "hostIP": .string(PodStatus.hostAddress), "hostIPs": [["ip": .string(PodStatus.hostAddress)]],
        ]
        if let address {
            status["podIP"] = .string(address)
            status["podIPs"] = [["ip": .string(address)]]
        }
        status["startTime"] = old?["startTime"] ?? .string(Clock.now)
        status["containerStatuses"] = .array(containers.map(json))
        status["qosClass"] = old?["qosClass"]
        let resources = podResources
        if let requests = resources["requests"] { status["allocatedResources"] = requests }
        status["resources"] = resources
        return status
    }

    /// Whether a container that ends is started again.
    private var restarts: Bool { pod[path: "spec", "restartPolicy"]?.string ?? "Always" == "Always" }

    private func condition(_ type: String, _ isTrue: Bool, _ reason: String? = nil, _ message: String? = nil) -> JSONValue {
        let status = isTrue ? "True" : "False"
        let before = pod[path: "status", "conditions"]?.array?.first { $0["type"]?.string == type }
        var condition: JSONValue = [
            "type": .string(type), "observedGeneration": 1, "status": .string(status), "lastProbeTime": .null,
            "lastTransitionTime": before?["status"]?.string == status ? before?["lastTransitionTime"] ?? .null : .string(Clock.now),
        ]
        if let reason { condition["reason"] = .string(reason) }
        if let message { condition["message"] = .string(message) }
        return condition
    }

    private func json(_ container: Container) -> JSONValue {
        let spec = pod[path: "spec", "containers"]?.array?.first { $0["name"]?.string == container.name }
        var status: JSONValue = ["name": .string(container.name)]
        switch container.state {
        case .waiting(let reason, let message):
            var waiting: JSONValue = ["reason": .string(reason)]
            if let message { waiting["message"] = .string(message) }
            status["state"] = ["waiting": waiting]
        case .running(let since): status["state"] = ["running": ["startedAt": .string(since)]]
        case .terminated(let end): status["state"] = ["terminated": end.json]
        }
        status["lastState"] = container.lastTermination.map { ["terminated": $0.json] } ?? [:]
        status["ready"] = .bool(container.isReady)
        status["restartCount"] = .integer(container.restarts)
        status["image"] = .string(container.image)
        status["imageID"] = .string(
            container.containerID == nil ? "" : container.image + "@sha256:" + String(repeating: "0", count: 64))
        if let id = container.containerID { status["containerID"] = .string(id) }
        status["started"] = .bool(container.isRunning)
        if container.containerID != nil {
            let requests = spec?[path: "resources", "requests"]
            if let requests { status["allocatedResources"] = requests }
            status["resources"] = spec?["resources"] ?? [:]
        }
        if let mounts = spec?["volumeMounts"]?.array, !mounts.isEmpty { status["volumeMounts"] = .array(mounts.map(mount)) }
        return status
    }

    private func mount(_ mount: JSONValue) -> JSONValue {
        var shown: JSONValue = ["name": mount["name"] ?? "", "mountPath": mount["mountPath"] ?? ""]
        if mount["readOnly"]?.bool == true {
            shown["readOnly"] = true
            shown["recursiveReadOnly"] = "Disabled"
        }
        return shown
    }

    /// The sums over its containers.
    private var podResources: JSONValue {
        var sums: JSONValue = [:]
        for list in ["requests", "limits"] {
            var total: [String: Quantity] = [:]
            for container in pod[path: "spec", "containers"]?.array ?? [] {
                for member in container[path: "resources", list]?.object ?? [:] {
                    guard let quantity = member.value.string.flatMap(Quantity.init) else { continue }
                    total[member.key] = (total[member.key] ?? .zero) + quantity
                }
            }
            guard !total.isEmpty else { continue }
            sums[list] = .object(
                JSONObject(
                    total.sorted { $0.key < $1.key }.map {
                        ($0.key, .string($0.value.text(isBinary: QuotaAdmission.isBinary($0.key))))
                    }))
        }
        return sums
    }

    static let hostAddress = "10.199.0.1"

    private static func freeAddress() -> String { "10.244.\(Int.random(in: 0...255)).\(Int.random(in: 2...254))" }

    static func newContainerID() -> String {
        "containerd://"
            + (0..<4).map { _ in
                let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
    }
}

extension PodStatus.Termination {
    init?(_ json: JSONValue?) {
        guard let json, let code = json["exitCode"]?.integer else { return nil }
        exitCode = code
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string
        startedAt = json["startedAt"]?.string ?? ""
        finishedAt = json["finishedAt"]?.string ?? ""
        containerID = json["containerID"]?.string ?? ""
    }

    var json: JSONValue {
        var json: JSONValue = ["exitCode": .integer(exitCode), "reason": .string(reason)]
        if let message { json["message"] = .string(message) }
        json["startedAt"] = .string(startedAt)
        json["finishedAt"] = .string(finishedAt)
        json["containerID"] = .string(containerID)
        return json
    }
}
