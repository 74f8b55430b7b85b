import JSON

/// How large a node is.
package struct NodeSize: Sendable {
    package var cpu: String
    package var memory: String
    package var pods: Int

    package init(cpu: String, memory: String, pods: Int) {
        self.cpu = cpu
        self.memory = memory
        self.pods = pods
    }

    package static func isQuantity(_ text: String) -> Bool { Quantity(text).map { $0 > .zero } ?? false }

    /// Never full, for trials of many stores.
    package static let boundless = NodeSize(cpu: "1k", memory: "1Ti", pods: 1_000_000)
}

extension ClusterState {
    /// Finds a node for a pod, or says why there is none. A pod that found none is looked at again when something has gone.
    mutating func schedule(_ pod: JSONValue, _ key: ObjectKey, _ trouble: Trouble) {
        let nodes = objects(.node, in: "")
        let none = "0/\(nodes.count) nodes are available: "
        let hopeless =
            "no new claims to deallocate, preemption: 0/\(nodes.count) nodes are available: \(nodes.count) Preemption is not helpful for scheduling."
        for (name, claim) in claims(of: pod) {
            guard let claim else {
                return refuseScheduling(pod, none + "persistentvolumeclaim \"\(name)\" not found. not found")
            }
            guard claim[path: "status", "phase"]?.string != "Bound" else { continue }
            guard storageClass(of: claim)?["volumeBindingMode"]?.string == "WaitForFirstConsumer" else {
                return refuseScheduling(pod, none + "pod has unbound immediate PersistentVolumeClaims. not found")
            }
            bind(claim)
        }
        let wanted = PodRequest(of: pod)
        var obstacles: [String: Int] = [:]
        var best: (node: String, free: Int)?
        for node in nodes {
            let lacks = trouble.isUnschedulable ? ["Insufficient memory"] : load.obstacles(to: wanted, on: node)
            for lack in lacks { obstacles[lack, default: 0] += 1 }
            let free = load.freeMemory(on: node)
            if lacks.isEmpty, free > best?.free ?? .min { best = (node.name, free) }
        }
        guard let best else {
            unscheduled.insert(key)
            let reasons = obstacles.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            return refuseScheduling(pod, "\(none)\(reasons). \(hopeless)")
        }
        unscheduled.remove(key)
        var scheduled = pod
        scheduled.set(["spec", "nodeName"], .string(best.node))
        scheduled.set(
            ["status", "conditions"],
            [["type": "PodScheduled", "status": "True", "lastProbeTime": .null, "lastTransitionTime": .string(Clock.now)]])
        put(scheduled, as: Kind.of(.pod))
        emit(
            "Scheduled", "Successfully assigned \(pod.namespace)/\(pod.name) to \(best.node)", about: pod, kind: Kind.of(.pod),
            from: "default-scheduler")
    }

    private mutating func refuseScheduling(_ pod: JSONValue, _ message: String) {
        let old = pod[path: "status", "conditions"]?.array?.first
        guard old?["message"]?.string != message else { return }
        var status = pod["status"] ?? [:]
        status["conditions"] = [
            [
                "type": "PodScheduled", "observedGeneration": 1, "status": "False", "lastProbeTime": .null,
                "lastTransitionTime": old?["lastTransitionTime"] ?? .string(Clock.now), "reason": "Unschedulable",
                "message": .string(message),
            ]
        ]
        setStatus(status, of: pod, Kind.of(.pod))
        emit("FailedScheduling", message, about: pod, kind: Kind.of(.pod), isWarning: true, from: "default-scheduler")
    }
}

/// What a pod asks of a node.
struct PodRequest: Equatable {
    var cpu = Quantity.zero
    var memory = Quantity.zero

    init(of pod: JSONValue) {
        for container in pod[path: "spec", "containers"]?.array ?? [] {
            let requests = container[path: "resources", "requests"]
            cpu = cpu + (requests?["cpu"]?.string.flatMap(Quantity.init) ?? .zero)
            memory = memory + (requests?["memory"]?.string.flatMap(Quantity.init) ?? .zero)
        }
    }
}

/// What runs on each node, kept as pods come and go.
struct NodeLoad {
    private struct Sum {
        var cpu = Quantity.zero
        var memory = Quantity.zero
        var pods = 0
    }

    private var sums: [String: Sum] = [:]

    /// - Returns: whether room has been made on a node.
    mutating func change(from old: JSONValue?, to new: JSONValue?) -> Bool {
        let before = old.flatMap(NodeLoad.node)
        let after = new.flatMap(NodeLoad.node)
        guard before != after else { return false }
        if let before, let old { add(PodRequest(of: old), -1, to: before) }
        if let after, let new { add(PodRequest(of: new), 1, to: after) }
        return before != nil
    }

    /// The node on which a pod takes room; one that has ended takes none.
    private static func node(of pod: JSONValue) -> String? {
        let phase = pod[path: "status", "phase"]?.string
        return phase == "Succeeded" || phase == "Failed" ? nil : pod[path: "spec", "nodeName"]?.string
    }

    private mutating func add(_ request: PodRequest, _ sign: Int, to node: String) {
        var sum = sums[node] ?? Sum()
        sum.cpu = Quantity(thousandths: sum.cpu.thousandths + sign * request.cpu.thousandths)
        sum.memory = Quantity(thousandths: sum.memory.thousandths + sign * request.memory.thousandths)
        sum.pods += sign
        sums[node] = sum
    }

    func obstacles(to request: PodRequest, on node: JSONValue) -> [String] {
        let sum = sums[node.name] ?? Sum()
        func room(_ resource: String) -> Quantity {
            node[path: "status", "allocatable", resource]?.string.flatMap(Quantity.init) ?? .zero
        }
        var obstacles: [String] = []
        if node[path: "spec", "unschedulable"]?.bool == true { obstacles.append("node(s) were unschedulable") }
        if sum.cpu + request.cpu > room("cpu") { obstacles.append("Insufficient cpu") }
        if sum.memory + request.memory > room("memory") { obstacles.append("Insufficient memory") }
        if Quantity(thousandths: (sum.pods + 1) * 1000) > room("pods") { obstacles.append("Too many pods") }
        return obstacles
    }

    /// In thousandths of a byte.
    func freeMemory(on node: JSONValue) -> Int {
        let room = node[path: "status", "allocatable", "memory"]?.string.flatMap(Quantity.init) ?? .zero
        return room.thousandths - (sums[node.name]?.memory.thousandths ?? 0)
    }
}
