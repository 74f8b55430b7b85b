import Dispatch
import Glibc

/// Waits for SIGTERM or SIGINT, which then no longer end the process by themselves. SIGPIPE is ignored: a client that hangs up is an
/// ordinary thing for a server.
package enum TerminationSignals {
    /// - Returns: the signal; nil where the task was cancelled first.
    @discardableResult package static func wait() async -> Int32? {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        signal(SIGPIPE, SIG_IGN)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)  // Dispatch sees it all the same
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        var received: Int32?
        for await number in signals {
            received = number
            break
        }
        for source in sources { source.cancel() }
        return received
    }
}
