import JSON
import Kubernetes
import Stores
import Testing

@testable import Engines

struct FootprintTests {
    private static func node(_ allocatable: JSONValue) -> Node {
        Node(json: ["metadata": ["name": "a"], "status": ["allocatable": allocatable]])
    }

    @Test func `a node gives what it says`() {
        let footprint = Footprint(of: Self.node(["cpu": "3920m", "memory": "16393244Ki", "pods": "110"]))
        #expect(footprint == Footprint(cpu: 3920, memory: 16_393_244 << 10, pods: 110))
    }

    @Test(
        arguments: [
            [:], ["cpu": "4", "memory": "8Gi"], ["cpu": "4", "memory": "8589934592500m", "pods": "110"],
        ] as [JSONValue])
    func `a node that says nothing that is understood is not one without room`(allocatable: JSONValue) {
        #expect(Footprint(of: Self.node(allocatable)) == nil)
    }

    @Test func `a pod asks for its containers together, or for one that runs before them`() {
        func container(_ cpu: String, _ memory: String) -> JSONValue {
            ["name": "a", "resources": ["requests": ["cpu": .string(cpu), "memory": .string(memory)]]]
        }
        let pod = Pod(json: [
            "spec": [
                "initContainers": [container("2", "16Mi")], "containers": [container("500m", "64Mi"), container("250m", "64Mi")],
            ]
        ])
        #expect(Footprint(of: pod) == Footprint(cpu: 2000, memory: 128 << 20, pods: 1))
    }
}
