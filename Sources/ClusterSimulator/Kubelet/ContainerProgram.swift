import JSON

/// What a container does, as far as that can be told from its command. Nothing is executed.
///
/// A few commands are understood, alone or in `sh -c`: `sleep`, `echo`, `exit`, `true`, `false`. A container with any other command, or
/// none, is taken for a server that works; in a Job, for a program that ends well.
struct ContainerProgram: Equatable {
    /// Simulated seconds until it ends; nil for never.
    private(set) var duration: Double?
    private(set) var exitCode = 0
    /// What it writes to its log before it ends.
    private(set) var output = ""
    /// It listens, so that probes over the network find somebody.
    private(set) var isServer = false
    private(set) var isOutOfMemory = false

    /// - Parameter endsByItself: of a Job.
    init(of container: JSONValue, endsByItself: Bool) {
        let words = ((container["command"]?.array ?? []) + (container["args"]?.array ?? [])).compactMap(\.string)
        if let script = ContainerProgram(words: words) {
            self = script
        } else if endsByItself {
            duration = 1.5
        } else {
            isServer = true
        }
    }

    /// One that ends with this code after having said something.
    init(failingWith exitCode: Int, _ output: String, isOutOfMemory: Bool = false) {
        duration = 0
        self.exitCode = exitCode
        self.output = output.isEmpty ? "" : output + "\n"
        self.isOutOfMemory = isOutOfMemory
    }

    private init?(words: [String]) {
        let isShell = words.count == 3 && words[1] == "-c" && ["sh", "bash", "/bin/sh", "/bin/bash"].contains(words[0])
        let commands =
            isShell
            ? words[2].split { $0 == ";" || $0 == "\n" }.map { $0.split(separator: " ").map(String.init) } : [words]
        guard !words.isEmpty else { return nil }
        duration = 0
        for command in commands where !command.isEmpty {
            switch command[0] {
            case "sleep":
                guard command.count == 2, let seconds = command[1] == "infinity" ? .infinity : Double(command[1]) else {
                    return nil
                }
                duration = (duration ?? 0) + seconds
            case "echo":
                let text = command.dropFirst().filter { $0 != ">&2" }.joined(separator: " ")
                output += text.trimmingQuotes + "\n"
            case "true", ":": exitCode = 0
            case "false": exitCode = 1
            case "exit":
                guard command.count <= 2, let code = command.count == 2 ? Int(command[1]) : exitCode else { return nil }
                exitCode = code
                return
            default: return nil
            }
        }
        if duration == .infinity { duration = nil }
    }

    /// Whether a probe of the container succeeds; nil where there is none of that kind.
    func passes(_ probe: JSONValue?) -> Bool? {
        guard let probe else { return nil }
        if let command = probe[path: "exec", "command"]?.array?.compactMap(\.string) {
            return ContainerProgram(words: command)?.exitCode ?? 0 == 0
        }
        return isServer
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return self }
        return String(dropFirst().dropLast())
    }
}
