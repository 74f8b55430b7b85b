import ClusterSimulator
import Foundation
import HTTP
import JSON

@main
struct Simulator {
    static let usage = """
        A Kubernetes API on loopback, for a machine without a cluster. Nothing runs in it; its pods become ready by themselves.

        usage: cluster-simulator [options]
          --host ADDRESS        the address to listen on (127.0.0.1)
          --port N              the port of the API (6550; 0 takes a free one)
          --ingress-port N      the port on which the simulated shops answer (8081; 0 takes a free one)
          --pod-delay MS        how long a pod takes to start, in milliseconds (1500)
          --call-delay MS       how long each call takes at least, in milliseconds (0)
          --nodes N             how many nodes there are (1)
          --node-cpu CPU        the size of each, as Kubernetes writes it: 8, 500m (1k)
          --node-memory MEMORY  64Gi (1Ti)
          --node-pods N         how many pods run on each at most (1000000)
          --faults FILE         what is to go wrong, as docs/simulator.md says; PUT /simulator/v1/faults changes it
          --state FILE          keep the state in this file (in memory)
          --help                this text

        """

    static func main() async {
        let configuration: ClusterSimulator.Configuration
        do throws(UsageError) {
            guard let parsed = try parse(Array(CommandLine.arguments.dropFirst())) else { return print(usage, terminator: "") }
            configuration = parsed
        } catch {
            complain("cluster-simulator: \(error.message)\n\n\(usage)")
            exit(64)
        }
        do {
            let simulator = try ClusterSimulator(configuration: configuration)
            print(
                "Kubernetes API (simulated) at http://\(configuration.host):\(simulator.port), its shops at port \(simulator.ingressPort)"
            )
            fflush(nil)
            let running = Task { try await simulator.run() }
            await TerminationSignals.wait()
            running.cancel()
            try await running.value
        } catch {
            complain("cluster-simulator: \(error)\n")
            exit(1)
        }
    }

    private struct UsageError: Error {
        let message: String
    }

    /// Nil where help was asked for.
    private static func parse(_ arguments: [String]) throws(UsageError) -> ClusterSimulator.Configuration? {
        var configuration = ClusterSimulator.Configuration()
        configuration.port = 6550
        configuration.ingressPort = 8081
        configuration.podDelay = .milliseconds(1500)
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--help" || option == "-h" { return nil }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(option) is unknown or needs a value") }
            func number(_ limit: Int) throws(UsageError) -> Int {
                guard let number = Int(value), (0...limit).contains(number) else {
                    throw UsageError(message: "\(option) takes a whole number from 0 to \(limit), not “\(value)”")
                }
                return number
            }
            switch option {
            case "--host": configuration.host = value
            case "--port": configuration.port = try number(65_535)
            case "--ingress-port": configuration.ingressPort = try number(65_535)
            case "--pod-delay": configuration.podDelay = .milliseconds(try number(3_600_000))
            case "--call-delay": configuration.callDelay = .milliseconds(try number(60_000))
            case "--nodes": configuration.nodes = try number(5000)
            case "--node-cpu": configuration.nodeSize.cpu = try quantity(value, option)
            case "--node-memory": configuration.nodeSize.memory = try quantity(value, option)
            case "--node-pods": configuration.nodeSize.pods = try number(1_000_000)
            case "--faults": configuration.faults = try plan(value)
            case "--state": configuration.stateFile = value
            default: throw UsageError(message: "\(option) is unknown")
            }
        }
        return configuration
    }

    private static func plan(_ path: String) throws(UsageError) -> JSONValue {
        guard let data = FileManager.default.contents(atPath: path) else { throw UsageError(message: "\(path) cannot be read") }
        do {
            return try JSONValue(parsing: data)
        } catch {
            throw UsageError(message: "\(path) is not JSON: \(error)")
        }
    }

    private static func quantity(_ text: String, _ option: String) throws(UsageError) -> String {
        guard NodeSize.isQuantity(text) else {
            throw UsageError(message: "\(option) takes a quantity like 4, 500m or 16Gi, not “\(text)”")
        }
        return text
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
