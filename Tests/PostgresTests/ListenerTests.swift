import Postgres
import PostgresTesting
import Testing

struct ListenerTests {
    @Test func `notifications arrive, also after the listening session was ended`() async throws {
        try await withTestDatabase { pool, configuration in
            let (events, continuation) = AsyncStream.makeStream(of: Listener.Event.self)
            let listening = Task {
                try await Listener(configuration: configuration).run(channels: ["news"]) { continuation.yield($0) }
            }
            var heard: [Listener.Event] = []
            for await event in events {
                heard.append(event)
                switch (event, heard.filter { $0 == .connected }.count) {
                case (.connected, _):
                    try await pool.withConnection { db in _ = try db.query("SELECT pg_notify('news', 'hello')") }
                case (.notification, 1):
                    try await pool.withConnection { db in
                        _ = try db.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
                    }
                case (.notification, _): listening.cancel()
                default: break
                }
                if listening.isCancelled { break }
            }
            #expect(heard.filter { $0 == .notification(channel: "news", payload: "hello") }.count == 2)
            let breaks = heard.filter { event in if case .disconnected = event { true } else { false } }
            #expect(breaks.count == 1)
            _ = await listening.result
        }
    }
}
