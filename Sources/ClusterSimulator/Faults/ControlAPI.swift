import Foundation
import HTTP
import JSON

/// The plan that is in force.
final class FaultBoard: Sendable {
    private let plan: Guarded<FaultPlan>

    init(_ plan: FaultPlan = FaultPlan()) { self.plan = Guarded(plan) }

    var json: JSONValue { plan.withLock { $0.json } }

    func replace(with new: FaultPlan) { plan.withLock { $0 = new } }

    func draw(for call: FaultPlan.Call) -> [Fault] {
        plan.withLock { $0.rules.isEmpty ? [] : $0.draw(for: call) }
    }
}

/// What is asked of the simulator itself, beside the Kubernetes API: `/simulator/v1/`.
struct ControlAPI: Sendable {
    let cluster: Cluster
    let faults: FaultBoard

    /// Nil where the path is none of its own.
    func answer(_ request: Request) -> Response? {
        guard request.path.hasPrefix("/simulator/") else { return nil }
        switch (request.method, request.path) {
        case ("GET", "/simulator/v1"), ("GET", "/simulator/v1/"): return .json(ControlAPI.description)
        case ("GET", "/simulator/v1/faults"): return .json(faults.json)
        case ("PUT", "/simulator/v1/faults"): return replacePlan(request)
        case ("DELETE", "/simulator/v1/faults"):
            faults.replace(with: FaultPlan())
            return .json(faults.json)
        case ("GET", "/simulator/v1/calls"): return calls(request)
        case ("POST", "/simulator/v1/clock"): return jump(request)
        default: return refusal(404, ["There is nothing at \(request.path). GET /simulator/v1/ lists what there is."])
        }
    }

    private static let description: JSONValue = [
        "GET /simulator/v1/faults": "the plan of faults in force, and how often each rule has struck",
        "PUT /simulator/v1/faults":
            "another plan: {seed, rules: [{fault, probability, match: {verb, resource, method, path}, count, …}]}",
        "DELETE /simulator/v1/faults": "no faults any more",
        "GET /simulator/v1/calls?since=N": "the mutating calls after number N, with their answers and faults",
        "POST /simulator/v1/clock": "{jumpSeconds}: moves the clock by which the cluster writes its times",
    ]

    private func replacePlan(_ request: Request) -> Response {
        do throws(Problem) {
            var reader = FaultPlanReader()
            let plan = reader.read(try request.json())
            guard reader.faults.isEmpty else { return refusal(422, reader.faults) }
            faults.replace(with: plan)
            return .json(faults.json)
        } catch {
            return refusal(400, [error.detail])
        }
    }

    private func calls(_ request: Request) -> Response {
        let since = request.query.first { $0.name == "since" }.flatMap { Int($0.value) } ?? 0
        let calls = cluster.mutatingCalls.filter { $0.number > since }
        return .json([
            "items": .array(
                calls.map { call in
                    [
                        "number": .integer(call.number), "at": .string(RFC3339.milliseconds(call.at)),
                        "method": .string(call.method),
                        "path": .string(call.path), "status": .integer(call.status),
                        "faults": .array(call.faults.map { .string($0) }),
                    ]
                })
        ])
    }

    private func jump(_ request: Request) -> Response {
        do throws(Problem) {
            guard let seconds = try request.json()["jumpSeconds"]?.number else {
                return refusal(422, ["“jumpSeconds” must be a number."])
            }
            Clock.jump(by: seconds)
            return .json(["now": .string(Clock.now)])
        } catch {
            return refusal(400, [error.detail])
        }
    }

    private func refusal(_ status: Int, _ sentences: [String]) -> Response {
        .json(["errors": .array(sentences.map { .string($0) })], status: .init(status))
    }
}
