import Foundation
import HTTP
package import JSON

/// A Kubernetes API on loopback: for a machine without a cluster, and for tests. Nothing runs in it; its pods become ready by themselves.
package final class ClusterSimulator: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0 takes a free one.
        package var port = 0
        /// Where the simulated shops answer; 0 takes a free one.
        package var ingressPort = 0
        /// From a pod's scheduling to its readiness.
        package var podDelay: Duration = .zero
        package var nodes = 1
        package var nodeSize = NodeSize.boundless
        /// Added to every call of the API.
        package var callDelay: Duration = .zero
        /// A plan of faults in JSON, see docs/simulator.md; nil is none.
        package var faults: JSONValue?
        /// Keeps the state between starts; nil keeps it in memory.
        package var stateFile: String?

        package init() {}
    }

    private let cluster: Cluster
    private let controllers: Controllers
    private let api: Server
    private let ingress: Server

    /// Listens at once; nothing is answered by controllers before `run()`.
    /// - Throws: `ListenError`; where the state file cannot be read.
    package init(configuration: Configuration) throws {
        var state = ClusterState()
        if let path = configuration.stateFile { state.journal = try Journal.open(path: path, into: &state) }
        state.oldestVersion = state.version
        try state.equipCluster(nodes: configuration.nodes, size: configuration.nodeSize)
        let cluster = Cluster(state)
        self.cluster = cluster
        controllers = Controllers(cluster: cluster, podDelay: configuration.podDelay)
        var settings = Server.Configuration()
        settings.host = configuration.host
        settings.port = configuration.port
        settings.maximumBodySize = 3 * 1024 * 1024
        settings.maximumConnections = 10_000
        settings.idleTimeout = .seconds(120)
        settings.handlerTimeout = .seconds(60)
        settings.drainTimeout = .seconds(2)
        var reader = FaultPlanReader()
        let plan = configuration.faults.map { reader.read($0) } ?? FaultPlan()
        guard reader.faults.isEmpty else { throw UnreadableFaultPlan(faults: reader.faults) }
        let server = APIServer(cluster: cluster, callDelay: configuration.callDelay, faults: FaultBoard(plan))
        api = try Server(configuration: settings) { await server.respond(to: $0) }
        settings.port = configuration.ingressPort
        let door = IngressServer(cluster: cluster)
        ingress = try Server(configuration: settings) { await door.respond(to: $0) }
    }

    package var port: Int { api.port }
    package var ingressPort: Int { ingress.port }

    /// Where clients find the API.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Serves until the task is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.controllers.run() }
            group.addTask { try await self.api.run() }
            group.addTask { try await self.ingress.run() }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// The objects of a kind, named by its plural and group: `pods`, `deployments.apps`.
    package func objects(_ kind: String, in namespace: String? = nil) -> [JSONValue] {
        cluster.change { $0.objects(kind, in: Kind.all.first { $0.id == kind }?.isNamespaced == false ? "" : namespace) }
    }

    /// Every call so far that could change something.
    package var mutatingCalls: [MutatingCall] { cluster.mutatingCalls }
}

/// What is wrong with a plan of faults.
package struct UnreadableFaultPlan: Error, CustomStringConvertible {
    package let faults: [String]
    package var description: String { "The plan of faults cannot be used. \(faults.joined(separator: " "))" }
}

extension ClusterState {
    /// What a cluster has before anybody uses it.
    mutating func equipCluster(nodes: Int = 1, size: NodeSize = .boundless) throws(APIFailure) {
        func base(_ name: String) -> JSONValue {
            ["metadata": ["name": .string(name), "uid": .string(ClusterState.uid()), "creationTimestamp": .string(Clock.now)]]
        }
        for name in ["default", "kube-system"] where object(.namespace, "", name) == nil {
            _ = try create(base(name), Kind.of(.namespace))
        }
        let classes = [
            ("standard", "kubernetes.io/host-path", "Immediate"),
            ("standard-wait", "kubernetes.io/host-path", "WaitForFirstConsumer"),
            ("never", ClusterState.neverProvisioner, "Immediate"),
        ]
        for (name, provisioner, mode) in classes where object(.storageClass, "", name) == nil {
            var storageClass = base(name)
            if name == "standard" {
                storageClass.set(["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"], "true")
            }
            storageClass["provisioner"] = .string(provisioner)
            storageClass["volumeBindingMode"] = .string(mode)
            storageClass["reclaimPolicy"] = "Delete"
            put(storageClass, as: Kind.of(.storageClass))
        }
        let capacity: JSONValue = ["cpu": .string(size.cpu), "memory": .string(size.memory), "pods": .string(String(size.pods))]
        for number in 0..<nodes {
            let name = "simulator-\(number)"
            guard object(.node, "", name) == nil else { continue }
            var node = base(name)
            node.set(["metadata", "labels"], ["kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux"])
            node["spec"] = [:]
            node["status"] = [
                "capacity": capacity, "allocatable": capacity,
                "conditions": [["type": "Ready", "status": "True", "reason": "KubeletReady", "message": "simulated"]],
                "addresses": [
                    ["type": "InternalIP", "address": .string(PodStatus.hostAddress)],
                    ["type": "Hostname", "address": .string(name)],
                ],
                "nodeInfo": [
                    "kubeletVersion": "v1.36.2", "osImage": "simulated", "kernelVersion": "-",
                    "containerRuntimeVersion": "simulated://1",
                    "machineID": "", "systemUUID": "", "bootID": "", "kubeProxyVersion": "", "operatingSystem": "linux",
                    "architecture": "amd64",
                ],
            ]
            put(node, as: Kind.of(.node))
        }
    }

    /// The provisioner of the class whose claims are never bound.
    static let neverProvisioner = "simulator.store-platform/never"
}
