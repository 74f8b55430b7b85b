/// Hears NOTIFY on a connection of its own, and makes sure that it still does.
///
/// A notification is a hint: whoever needs one must also look by himself now and then. What was sent while the connection was away is lost,
/// which `.connected` says.
package struct Listener: Sendable {
    package enum Event: Sendable, Equatable {
        /// Listening has begun, or begun again: notifications may have been missed before.
        case connected
        case notification(channel: String, payload: String)
        /// The connection is gone; another attempt follows. The reason is for the log.
        case disconnected(String)
    }

    private let configuration: PostgresConfiguration
    /// How often the connection must prove that it is alive.
    private let selfTestInterval: Duration

    package init(configuration: PostgresConfiguration, selfTestInterval: Duration = .seconds(30)) {
        self.configuration = configuration
        self.selfTestInterval = selfTestInterval
    }

    /// Listens until the task is cancelled, whatever happens to the connection.
    ///
    /// - Parameters:
    ///   - channels: names of our own; they are written into the statement.
    ///   - handler: called in the order of arrival.
    package func run(channels: [String], handler: @Sendable (Event) async -> Void) async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await listen(to: channels) { event in
                    await handler(event)
                } onConnect: {
                    failures = 0
                }
            } catch let error as PostgresError {
                guard !Task.isCancelled else { break }
                failures += 1
                await handler(.disconnected(error.description))
                let ceiling = min(10_000, 100 << min(failures, 7))
                try await Task.sleep(for: .milliseconds(Int.random(in: ceiling / 2...ceiling)))
            }
        }
    }

    private enum Wake { case readable, selfTest }

    private func listen(
        to channels: [String], handler: (Event) async -> Void, onConnect: () -> Void
    ) async throws {
        let connection = try await Connection(configuration)
        let (wakes, wake) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(8))
        let interval = selfTestInterval
        let ticking = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: interval)
                // A statement that nobody answers would be waited for, for ever.
                connection.canceller.sever(lentBefore: .now - max(interval / 2, .seconds(5)))
                wake.yield(.selfTest)
            }
        }
        defer { ticking.cancel() }
        let result: Result<Void, any Error>
        do {
            let source = try await connection.readability { wake.yield(.readable) }
            defer { source.cancel() }
            result = .success(try await hear(channels, on: connection, wakes: wakes, handler: handler, onConnect: onConnect))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        try result.get()
    }

    private func hear(
        _ channels: [String], on connection: Connection, wakes: AsyncStream<Wake>, handler: (Event) async -> Void,
        onConnect: () -> Void
    ) async throws {
        let selfTest = "self_test_\(UInt64.random(in: 0 ... .max))"
        for channel in channels + [selfTest] { try await connection.executeScript("LISTEN \(channel)") }
        onConnect()
        await handler(.connected)
        var isBeingTested = false
        for await cause in wakes {
            if cause == .selfTest {
                guard !isBeingTested else {
                    throw PostgresError(.connectionLost, "The listening connection did not hear what it sent itself.")
                }
                isBeingTested = true
                // The test travels the whole way: to the server, through its queue, and back over this socket.
                _ = connection.canceller.beginLease()
                try await connection.executeScript("NOTIFY \(selfTest)")
                _ = connection.canceller.endLease()
            }
            for (channel, payload) in try await connection.notifications() {
                if channel == selfTest {
                    isBeingTested = false
                } else {
                    await handler(.notification(channel: channel, payload: payload))
                }
            }
        }
    }
}
