import HTTP
import JSON

/// What `kubectl logs` shows of a simulated container: what its command would have written, or a line that says that nothing runs.
enum ContainerLog {
    static func answer(_ call: APICall, pod: JSONValue, in namespace: JSONValue?) throws(APIFailure) -> Response {
        let containers = pod[path: "spec", "containers"]?.array ?? []
        let names = containers.compactMap { $0["name"]?.string }
        let name: String
        if let asked = call.query("container"), !asked.isEmpty {
            name = asked
        } else if names.count == 1 {
            name = names[0]
        } else {
            throw .badRequest(
                "a container name must be specified for pod \(pod.name), choose one of: [\(names.joined(separator: " "))]")
        }
        guard let container = containers.first(where: { $0["name"]?.string == name }) else {
            throw .badRequest("container \(name) is not valid for pod \(pod.name)")
        }
        let status = PodStatus(of: pod).containers.first { $0.name == name }
        if case .waiting(let reason, let message)? = status?.state, reason != "CrashLoopBackOff" {
            let what =
                reason.contains("Image")
                ? "waiting to start: trying and failing to pull image" : "waiting to start: \(message ?? reason)"
            throw .badRequest("container \"\(name)\" in pod \"\(pod.name)\" is \(what)")
        }
        if call.query("previous") == "true", status?.lastTermination == nil {
            throw .badRequest("previous terminated container \"\(name)\" in pod \"\(pod.name)\" not found")
        }
        return .text(text(container, pod, Trouble(of: pod, in: namespace), status, call))
    }

    private static func text(
        _ container: JSONValue, _ pod: JSONValue, _ trouble: Trouble, _ status: PodStatus.Container?, _ call: APICall
    ) -> String {
        let program = ContainerProgram(of: container, endsByItself: pod.controller?["kind"]?.string == "Job")
        let said = trouble.log ?? status?.termination?.message ?? status?.lastTermination?.message
        let output = said ?? (program.output.isEmpty ? "This container is simulated: nothing runs in it.\n" : program.output)
        var lines = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        if let count = call.query("tailLines").flatMap({ Int($0) }) { lines = lines.suffix(max(0, count)) }
        if call.query("timestamps") == "true" {
            var time = Clock.now
            if case .running(let since)? = status?.state { time = since }
            lines = lines.map { "\(time.dropLast()).000000000Z \($0)" }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
