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
                        _ = try db.query(
                            """
                            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                            WHERE datname = current_database() AND query LIKE 'LISTEN%'
                            """)
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

    @Test func `a connection that hears itself is kept`() async throws {
        try await withTestDatabase { pool, configuration in
            let (events, continuation) = AsyncStream.makeStream(of: Listener.Event.self)
            let listening = Task {
                try await Listener(configuration: configuration, selfTestInterval: .milliseconds(50))
                    .run(channels: ["news"]) { continuation.yield($0) }
            }
            let tested = Task {
                try await pool.withConnection { db in
                    // Each self-test is a statement of the listening session: after the fourth, three were heard.
                    var seen: Set<String> = []
                    while seen.count < 4 {
                        let rows = try db.query(
                            """
                            SELECT query_start::text AS began FROM pg_stat_activity
                            WHERE datname = current_database() AND query LIKE 'NOTIFY self_test%'
                            """)
                        for row in rows { seen.insert(try row.decode("began")) }
                        _ = try db.query("SELECT pg_sleep(0.01)")
                    }
                    _ = try db.query("SELECT pg_notify('news', 'still here')")
                }
            }
            var heard: [Listener.Event] = []
            for await event in events.prefix(2) { heard.append(event) }
            #expect(heard == [.connected, .notification(channel: "news", payload: "still here")])
            try await tested.value
            listening.cancel()
            _ = await listening.result
        }
    }
}
