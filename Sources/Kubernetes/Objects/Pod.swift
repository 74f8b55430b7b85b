package import JSON

/// A pod: where it runs and how its containers fare.
package struct Pod: KubernetesObject, Hashable {
    package static let resource = Resource.pod

    package let metadata: ObjectMeta
    package let owners: [OwnerReference]
    /// What each container asks of the node, by resource.
    package let requests: [[String: String]]
    /// Of init containers, which run one after another and before the others.
    package let initRequests: [[String: String]]
    /// Nil until the scheduler has found a place.
    package let nodeName: String?
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. A pod whose containers crash again and again is `Running`.
    package let phase: String?
    /// `Evicted`, `NodeLost` …
    package let reason: String?
    package let message: String?
    /// `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`.
    package let conditions: [Condition]
    /// Empty until the node's kubelet has taken the pod.
    package let containerStatuses: [ContainerStatus]
    package let initContainerStatuses: [ContainerStatus]

    package var isReady: Bool { conditions["Ready"]?.isTrue ?? false }

    /// Those of init containers first.
    package var allContainerStatuses: [ContainerStatus] { initContainerStatuses + containerStatuses }

    /// Whether a container of it runs or has run.
    package var hasBegun: Bool {
        allContainerStatuses.contains { $0.restartCount > 0 || $0.state?.isRunning == true || $0.state?.terminated != nil }
    }

    package init(json: JSONValue) {
        let status = json["status"]
        metadata = ObjectMeta(of: json)
        owners = OwnerReference.owners(of: json)
        requests = Pod.requests(json[path: "spec", "containers"])
        initRequests = Pod.requests(json[path: "spec", "initContainers"])
        nodeName = json[path: "spec", "nodeName"]?.string
        phase = status?["phase"]?.string
        reason = status?["reason"]?.string
        message = status?["message"]?.string
        conditions = Condition.conditions(of: json)
        containerStatuses = status?["containerStatuses"]?.array?.map(ContainerStatus.init(json:)) ?? []
        initContainerStatuses = status?["initContainerStatuses"]?.array?.map(ContainerStatus.init(json:)) ?? []
    }

    private static func requests(_ containers: JSONValue?) -> [[String: String]] {
        containers?.array?.map { ObjectMeta.strings($0[path: "resources", "requests"]) } ?? []
    }
}
