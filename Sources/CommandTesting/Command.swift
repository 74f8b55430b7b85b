import Dispatch
import Glibc

/// A command of the shell has not ended well.
package struct CommandFailed: Error {
    package let command: String
    /// As of wait(2).
    package let status: Int32
}

/// Runs a command of the shell: what it prints, line by line, until it has ended.
///
/// It is read and waited for on a thread of Dispatch's, because Swift's own are few and must not block. popen(3) and not Foundation's
/// Process: the pipe of one is inherited by another that is started at the same moment, and whoever reads it waits for both.
/// - Throws: the stream throws `CommandFailed` when the command has ended with another status than 0.
package func lines(of command: String) -> AsyncThrowingStream<String, any Error> {
    AsyncThrowingStream { continuation in
        DispatchQueue.global().async {
            guard let output = popen(command, "re") else {
                return continuation.finish(throwing: CommandFailed(command: command, status: errno))
            }
            var line: UnsafeMutablePointer<CChar>?
            var capacity = 0
            while getline(&line, &capacity, output) > 0, let line {
                continuation.yield(String(cString: line))
            }
            free(line)
            let status = pclose(output)
            continuation.finish(throwing: status == 0 ? nil : CommandFailed(command: command, status: status))
        }
    }
}

/// Runs a command of the shell to its end and returns all that it has printed.
/// - Throws: `CommandFailed`.
package func output(of command: String) async throws -> String {
    try await lines(of: command).reduce(into: "") { $0 += $1 }
}
