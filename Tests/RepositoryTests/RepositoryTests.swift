import CommandTesting
import Foundation
import Postgres
import PostgresTesting
import Repository
import Stores
import Testing

let migrations = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../migrations").standardized

func order(_ name: String, slug: String? = nil) throws -> Store {
    let at = Date()
    return Store(
        id: .random(), name: name, slug: try slug.map { try Slug($0) } ?? Slug(suggestedBy: name),
        engine: EngineID(rawValue: "woocommerce"),
        plan: .small, account: "default", createdAt: at, updatedAt: at, attemptedAt: at)
}

struct RepositoryTests {
    private func insert(_ store: Store, key: String? = nil, _ pool: ConnectionPool) async throws {
        try await pool.transaction { db in
            try StoreRepository.insert(store, idempotencyKey: key, requestHash: key.map { Array($0.utf8) }, on: db)
            try EventRepository.append([.init(.created, phase: .pending, message: "ordered")], to: store.id, on: db)
            try WorkRepository.enqueue(store.id, on: db)
        }
    }

    private func claimOne(_ pool: ConnectionPool) async throws -> Lease {
        let leases = try await pool.withConnection { db in try WorkRepository.claim(limit: 1, lease: .seconds(30), on: db) }
        return try #require(leases.first)
    }

    @Test func `an address can be taken once, and again when its store is gone`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let first = try order("Blue Teapots")
            try await insert(first, pool)
            let error = await #expect(throws: PostgresError.self) { try await insert(try order("Blue Teapots"), pool) }
            #expect(error?.violatedConstraint == "stores_slug_is_unique")
            try await pool.withConnection { db in
                try db.execute(
                    "UPDATE stores SET desired = 'absent', phase = 'deleted', deleted_at = now() WHERE id = \(first.id.text)")
            }
            try await insert(try order("Blue Teapots"), pool)
        }
    }

    @Test func `an idempotency key is forgotten after a day, not before`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, key: "k", pool)
            func find() async throws -> StoreID? {
                try await pool.withConnection { db in
                    try StoreRepository.find(idempotencyKey: "k", account: "default", on: db)?.store.id
                }
            }
            func age(_ hours: Int) async throws {
                try await pool.withConnection { db in
                    try db.execute("UPDATE stores SET created_at = now() - make_interval(hours => \(hours))")
                }
            }
            func forget() async throws -> Int {
                try await pool.withConnection { db in try StoreRepository.forgetExpiredKeys(limit: 100, on: db) }
            }
            try await age(23)
            #expect(try await forget() == 0)
            #expect(try await find() == store.id)
            try await age(25)
            #expect(try await find() == nil)
            // Also before it has been swept away, the key can be used for another store.
            let other = try order("Red Teapots")
            try await pool.transaction { db in
                try StoreRepository.forgetExpired(idempotencyKey: "k", account: "default", on: db)
                try StoreRepository.insert(other, idempotencyKey: "k", requestHash: Array("k".utf8), on: db)
            }
            #expect(try await find() == other.id)
            try await age(25)
            #expect(try await forget() == 1)
        }
    }

    @Test func `what an account holds is summed from what was ordered, or from the plan where that was not noted`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let size = StoreSize(cpu: 100, memory: 10, storage: 1)
            let noted = try order("Noted")
            try await pool.transaction { db in
                try StoreRepository.insert(
                    noted, size: StoreSize(cpu: 5, memory: 6, storage: 7), idempotencyKey: nil, requestHash: nil, on: db)
            }
            try await insert(try order("Not noted"), pool)
            func use() async throws -> QuotaUse? {
                try await pool.withConnection { db in
                    try AccountRepository.use(of: ["default", "nobody"], sizes: [.small: size], on: db)["default"]
                }
            }
            #expect(try await use() == QuotaUse(stores: 2, size: StoreSize(cpu: 105, memory: 16, storage: 8)))
            try await pool.withConnection { db in
                try db.execute("UPDATE stores SET desired = 'absent', phase = 'deleting' WHERE id = \(noted.id.text)")
            }
            #expect(try await use()?.stores == 2)
            try await pool.withConnection { db in
                try db.execute("UPDATE stores SET phase = 'deleted', deleted_at = now() WHERE id = \(noted.id.text)")
            }
            #expect(try await use() == QuotaUse(stores: 1, size: size))
        }
    }

    @Test func `the schema refuses what must not be`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            for (change, constraint) in [
                ("phase = 'ready', namespace_uid = 'u'", "ready_has_url"), ("phase = 'ready', url = 'u'", "ready_has_namespace"),
                ("phase = 'failed'", "failed_has_reason"), ("desired = 'absent'", "absent_is_leaving"),
                ("generation = 0", "generation_is_counted"), ("version = 0", "version_is_counted"),
                ("relapses = 1", "relapses_are_counted"), ("phase = 'gone'", "phase_is_known"),
                ("phase = 'deleting'", "deleted_is_wanted"),
                ("slug = 'Not A Label'", "slug_is_a_label"), ("name = ''", "name_is_not_empty"),
                ("deleted_at = now()", "deleted_has_a_time"), ("cpu = 1", "size_is_whole"),
                ("cpu = -1, memory = 1, storage = 1", "size_is_not_negative"),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await pool.withConnection { db in try db.execute("UPDATE stores SET \(raw: change)") }
                }
                #expect(error?.violatedConstraint == constraint)
            }
            for table in ["store_events", "audit_log"] {
                await #expect(throws: PostgresError.self) {
                    try await pool.withConnection { db in try db.execute("DELETE FROM \(raw: table)") }
                }
            }
        }
    }

    @Test func `of many workers each due store has one, and nobody waits`() async throws {
        try await withTestDatabase(migrations: migrations, maximumConnections: 8) { pool, _ in
            for index in 0..<20 { try await insert(try order("Shop \(index)"), pool) }
            let claimed = try await withThrowingTaskGroup(of: [Lease].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await pool.withConnection { db in try WorkRepository.claim(limit: 5, lease: .seconds(30), on: db) }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(claimed.map(\.storeID)).count == claimed.count)
            let rest = try await pool.withConnection { db in try WorkRepository.claim(limit: 50, lease: .seconds(30), on: db) }
            #expect(claimed.count + rest.count == 20)
        }
    }

    @Test func `a lease that has run out is taken over, and its former holder writes nothing`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            let old = try await claimOne(pool)
            try await pool.withConnection { db in try db.execute("UPDATE work SET lease_until = now() - interval '1 s'") }
            let new = try await claimOne(pool)
            #expect(new.token != old.token)
            let seen = StoreRepository.Sighting(phase: .provisioning, reason: nil, message: "seen")
            let (zombie, holder) = try await pool.withConnection { db in
                (
                    try StoreRepository.record(seen, of: store, lease: old, on: db),
                    try StoreRepository.record(seen, of: store, lease: new, on: db)
                )
            }
            #expect(zombie == nil)
            #expect(holder?.phase == .provisioning)
            try await pool.withConnection { db in try WorkRepository.finish(old, on: db) }
            let left = try await pool.withConnection { db in
                try db.query("SELECT count(*) AS n FROM work")[0].decode("n", as: Int.self)
            }
            #expect(left == 1)
        }
    }

    @Test func `work that was requested again meanwhile is not finished`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            let lease = try await claimOne(pool)
            let next = try await pool.withConnection { db in
                try WorkRepository.enqueue(store.id, on: db)
                try WorkRepository.finish(lease, on: db)
                return try WorkRepository.claim(limit: 1, lease: .seconds(30), on: db)
            }
            #expect(next.count == 1)
        }
    }

    @Test func `what was seen of an older generation is not recorded`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            let recorded = try await pool.withConnection { db in
                let lease = try WorkRepository.claim(limit: 1, lease: .seconds(30), on: db)[0]
                _ = try StoreRepository.request(.absent, of: store, phase: .deleting, message: "", on: db)
                return try StoreRepository.record(
                    .init(phase: .provisioning, reason: nil, message: ""), of: store, lease: lease, on: db)
            }
            #expect(recorded == nil)
        }
    }

    @Test func `pages walk all stores once, newest first, and filters narrow them`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            for index in 0..<25 { try await insert(try order("Shop number \(index)"), pool) }
            var seen: [Store] = []
            var filter = StoreRepository.Filter()
            filter.limit = 10
            while true {
                let query = filter
                let page = try await pool.withConnection { db in try StoreRepository.page(query, on: db) }
                guard let last = page.last else { break }
                seen += page
                filter.after = .init(createdAt: last.createdAt, id: last.id.text)
            }
            #expect(Set(seen.map(\.id)).count == 25)
            #expect(seen.map(\.createdAt) == seen.map(\.createdAt).sorted(by: >))
            var search = StoreRepository.Filter()
            search.text = "NUMBER 1"
            let wanted = search
            let found = try await pool.withConnection { db in try StoreRepository.page(wanted, on: db) }
            #expect(found.count == 11)
            search.text = "100%_"
            let none = search
            let nothing = try await pool.withConnection { db in try StoreRepository.page(none, on: db) }
            #expect(nothing.isEmpty)
        }
    }

    @Test func `events are numbered without gaps, also when many write at once`() async throws {
        try await withTestDatabase(migrations: migrations, maximumConnections: 8) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        try await pool.transaction { db in
                            let entries = (0...index % 3).map {
                                EventRepository.Entry(.warning, phase: .pending, message: "\(index)-\($0)")
                            }
                            try EventRepository.append(entries, to: store.id, on: db)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let events = try await pool.withConnection { db in try EventRepository.page(of: store.id, after: 0, limit: 1000, on: db)
            }
            #expect(events.map(\.seq) == Array(1...events.count))
        }
    }

    @Test func `a reader of all events misses none that commits late`() async throws {
        try await withTestDatabase(migrations: migrations, maximumConnections: 4) { pool, configuration in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            let other = try order("Red Teapots")
            try await insert(other, pool)
            let start = try await pool.withConnection { db in try EventRepository.newest(on: db) }
            let (written, write) = AsyncStream<Void>.makeStream()
            // This transaction takes its id first and commits last.
            let late = Task {
                try await pool.transaction { db in
                    try EventRepository.append([.init(.warning, phase: .pending, message: "late")], to: store.id, on: db)
                    write.finish()
                    _ = try db.query("SELECT pg_sleep(0.3)")
                }
            }
            for await _ in written {}
            try await pool.transaction { db in
                try EventRepository.append([.init(.warning, phase: .pending, message: "early")], to: other.id, on: db)
            }
            // Transactions of other databases on the server hold the horizon back too, so the reader may have to look more than once.
            var position = start
            var seen: [String] = []
            while seen.count < 2 {
                let from = position
                let page = try await pool.withConnection { db in
                    _ = try db.query("SELECT pg_sleep(0.02)")
                    return try EventRepository.page(after: from, account: nil, limit: 10, on: db)
                }
                position = page.next
                seen += page.events.map(\.event.message).filter { $0 != "ordered" }
            }
            try await late.value
            #expect(seen == ["late", "early"])
        }
    }

    /// What a reader of all events sees behind a position, read until it has seen so many: other databases' transactions hold the horizon back too.
    private func messages(
        _ count: Int, after position: EventRepository.Position, in pool: ConnectionPool
    ) async throws -> (seen: [String], next: EventRepository.Position) {
        var (next, seen) = (position, [String]())
        while seen.count < count {
            let from = next
            let page = try await pool.withConnection { db in
                _ = try db.query("SELECT pg_sleep(0.02)")
                return try EventRepository.page(after: from, account: nil, limit: 10, on: db)
            }
            next = page.next
            seen += page.events.map(\.event.message)
        }
        return (seen, next)
    }

    @Test func `a reader of a quiet account goes on behind what the others did`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let busy = try order("Blue Teapots")
            try await insert(busy, pool)
            let nobody = EventRepository.Position(transaction: 0, id: 0)
            let (_, behind) = try await messages(1, after: nobody, in: pool)
            let page = try await pool.withConnection { db in
                try EventRepository.page(after: nobody, account: "quiet", limit: 10, on: db)
            }
            #expect(page.events.isEmpty)
            #expect(page.next >= behind)
            let full = try await pool.withConnection { db in
                try EventRepository.page(after: nobody, account: nil, limit: 1, on: db)
            }
            #expect(full.next == full.events.last?.position)
        }
    }

    @Test func `the events of a restored dump are the first, and a reader from before goes on`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let store = try order("Blue Teapots")
            try await insert(store, pool)
            try await pool.transaction { db in
                try EventRepository.append(
                    ["one", "two"].map { .init(.warning, phase: .pending, message: $0) }, to: store.id, on: db)
                // As in a server that was older than this one.
                try db.execute("ALTER TABLE store_events DISABLE TRIGGER store_events_append_only")
                try db.execute(
                    "UPDATE store_events SET transaction_id = (pg_current_xact_id()::text::bigint + 1000000 - id)::text::xid8")
                try db.execute("ALTER TABLE store_events ENABLE TRIGGER store_events_append_only")
            }
            for _ in 1...2 { try await pool.transaction { db in try EventRepository.reorderRestored(on: db) } }
            let elsewhere = EventRepository.Position(transaction: 1 << 40, id: 7)
            let place = try await pool.withConnection { db in
                try EventRepository.page(after: elsewhere, account: nil, limit: 10, on: db).next
            }
            try await pool.transaction { db in
                try EventRepository.append([.init(.warning, phase: .pending, message: "three")], to: store.id, on: db)
            }
            let all = try await messages(4, after: .init(transaction: 0, id: 0), in: pool)
            #expect(all.seen == ["ordered", "one", "two", "three"])
            #expect(try await messages(1, after: place, in: pool).seen == ["three"])
        }
    }

    @Test func `the schema is the one of the snapshot`() async throws {
        let dump = try await withTestDatabase(migrations: migrations) { _, configuration in
            try await output(of: "pg_dump --schema-only --no-owner --no-privileges '\(configuration.url)'")
        }
        // Lines about the dump itself and its program's version differ from machine to machine.
        func essence(_ text: String) -> [String] {
            text.split(separator: "\n").map(String.init).filter { line in
                !line.isEmpty && !["--", "SET ", "SELECT pg_catalog", "\\"].contains { line.hasPrefix($0) }
            }
        }
        let file = migrations.appendingPathComponent("schema.sql")
        if ProcessInfo.processInfo.environment["STORE_PLATFORM_WRITE_SNAPSHOT"] != nil {
            let text =
                "-- What the migrations make, as pg_dump writes it. A test compares; docs/architecture.md says how to renew it.\n"
                + essence(dump).joined(separator: "\n") + "\n"
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(essence(dump) == essence(try String(contentsOf: file, encoding: .utf8)))
    }
}
