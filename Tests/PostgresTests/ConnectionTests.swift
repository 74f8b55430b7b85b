import Foundation
import Postgres
import PostgresTesting
import Testing

struct ConnectionTests {
    @Test func `every type comes back as it went in`() async throws {
        try await withTestDatabase { pool, _ in
            try await pool.withConnection { db in
                let date = Date(timeIntervalSince1970: 1_795_000_000.123456)
                let early = Date(timeIntervalSince1970: -1.25)
                let uuid = UUID()
                let row = try #require(
                    try db.query(
                        """
                        SELECT \("o'neil \\ \"🙂\" $1")::text AS text, \(-42)::bigint AS number, \(1.5)::float8 AS fraction, \(true)::boolean AS yes,
                            \(date)::timestamptz AS at, \(early)::timestamptz AS early, \(uuid)::uuid AS uuid, \(Optional<String>.none)::text AS nothing,
                            cardinality(\(["a\"b", "c,d", "\\"])::text[]) AS count, (\(["a\"b", "c,d"])::text[])[1] AS element,
                            \(JSONB(text: #"{"a": 1}"#))::jsonb AS json, \(Bytea([0, 255, 7]))::bytea AS bytes
                        """
                    ).first)
                #expect(try row.decode("text") == "o'neil \\ \"🙂\" $1")
                #expect(try row.decode("number") == -42)
                #expect(try row.decode("fraction") == 1.5)
                #expect(try row.decode("yes") == true)
                #expect(abs(try row.decode("at", as: Date.self).timeIntervalSince(date)) < 0.000_002)
                #expect(abs(try row.decode("early", as: Date.self).timeIntervalSince(early)) < 0.000_002)
                #expect(try row.decode("uuid") == uuid)
                let nothing = try row.decodeIfPresent("nothing", as: String.self)
                #expect(nothing == nil)
                #expect(try row.decode("count") == 3)
                #expect(try row.decode("element") == "a\"b")
                #expect(try row.decode("json", as: JSONB.self).text == #"{"a": 1}"#)
                #expect(try row.decode("bytes", as: Bytea.self).bytes == [0, 255, 7])
            }
        }
    }

    @Test func `what the server refuses is told by its SQLSTATE and constraint, never by the values`() async throws {
        try await withTestDatabase { pool, _ in
            try await pool.withConnection { db in
                try db.executeScript("CREATE TABLE t (name text CONSTRAINT name_is_unique UNIQUE)")
                try db.execute("INSERT INTO t VALUES (\("s3cret"))")
                let error = refusal { try db.execute("INSERT INTO t VALUES (\("s3cret"))") }
                #expect(error?.sqlState == .uniqueViolation)
                #expect(error?.violatedConstraint == "name_is_unique")
                #expect(error?.description.contains("s3cret") == false)
                let hidden = refusal { try db.execute("INSERT INTO t VALUES (\("a\0b"))") }
                #expect(hidden?.kind == .unencodable)
            }
        }
    }

    @Test func `a transaction that throws leaves nothing behind and passes the error on`() async throws {
        struct Refused: Error {}
        try await withTestDatabase { pool, _ in
            try await pool.withConnection { db in try db.executeScript("CREATE TABLE t (n int)") }
            await #expect(throws: Refused.self) {
                try await pool.transaction { db in
                    try db.execute("INSERT INTO t VALUES (1)")
                    throw Refused()
                }
            }
            try await pool.transaction { db in try db.execute("INSERT INTO t VALUES (2)") }
            let numbers = try await pool.withConnection { db in
                try db.query("SELECT n FROM t").map { try $0.decode("n", as: Int.self) }
            }
            #expect(numbers == [2])
        }
    }

    @Test func `a full pool is an error in time`() async throws {
        try await withTestDatabase { _, configuration in
            var configuration = configuration
            configuration.maximumConnections = 1
            configuration.acquireTimeout = .milliseconds(100)
            let pool = ConnectionPool(configuration: configuration)
            let holding = Task { try await pool.withConnection { db in try db.query("SELECT pg_sleep(30)") } }
            while pool.usage.inUse == 0 { await Task.yield() }
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { db in try db.query("SELECT 1") }
            }
            #expect(error?.kind == .poolExhausted)
            holding.cancel()
            _ = await holding.result
            await pool.close()
        }
    }

    @Test func `cancelling the task ends its statement, and only its own`() async throws {
        try await withTestDatabase { pool, _ in
            for _ in 0..<10 {
                let sleeping = Task { try await pool.withConnection { db in try db.query("SELECT pg_sleep(30)") } }
                while pool.usage.inUse == 0 { await Task.yield() }
                sleeping.cancel()
                let error = await #expect(throws: PostgresError.self) { try await sleeping.value }
                #expect(error?.kind == .cancelled)
                _ = try await pool.withConnection { db in try db.query("SELECT pg_sleep(0.01)") }
            }
        }
    }

    @Test func `a task that was cancelled before takes no connection with it`() async throws {
        try await withTestDatabase(maximumConnections: 4) { pool, _ in
            for _ in 0..<4 {
                _ = try await pool.withConnection { db in try db.query("SELECT 1") }
                let cancelled = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    _ = try await pool.withConnection { db in try db.query("SELECT 1") }
                }
                await #expect(throws: PostgresError.self) { try await cancelled.value }
            }
            let sessions: Int = try await pool.withConnection { db in
                try db.query("SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()")[0].decode("n")
            }
            #expect(sessions == 1)
            #expect(pool.usage.inUse == 0)
        }
    }

    @Test func `a terminated connection is replaced`() async throws {
        try await withTestDatabase { pool, _ in
            let pid: Int = try await pool.withConnection { db in try db.query("SELECT pg_backend_pid() AS pid")[0].decode("pid") }
            try await withTestDatabase { other, _ in
                _ = try await other.withConnection { db in try db.query("SELECT pg_terminate_backend(\(pid), 5000)") }
            }
            let next: Int = try await pool.withConnection { db in try db.query("SELECT pg_backend_pid() AS pid")[0].decode("pid") }
            #expect(next != pid)
        }
    }

    @Test func `a connection that breaks during COMMIT leaves the outcome open`() async throws {
        try await withTestDatabase { pool, _ in
            // A deferred trigger runs within COMMIT; this one ends its own session there.
            try await pool.withConnection { db in
                try db.executeScript(
                    """
                    CREATE TABLE t (n int);
                    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
                    """)
            }
            let error = await #expect(throws: PostgresError.self) {
                try await pool.transaction { db in try db.execute("INSERT INTO t VALUES (1)") }
            }
            #expect(error?.kind == .commitUnknown)
        }
    }

    @Test func `sixteen sleeping statements do not hold up other tasks`() async throws {
        try await withTestDatabase(maximumConnections: 16) { pool, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 { group.addTask { _ = try await pool.withConnection { db in try db.query("SELECT pg_sleep(1)") } } }
                while pool.usage.inUse < 16 { await Task.yield() }
                // All sleep now; were the cooperative pool blocked, this yield would not come back before one of them is done.
                for _ in 0..<100 { await Task.yield() }
                #expect(pool.usage.inUse == 16)
                try await group.waitForAll()
            }
        }
    }

    @Test func `a server that is not there is said at once, without the password`() async throws {
        let pool = ConnectionPool(configuration: PostgresConfiguration(url: "postgresql://someone:s3cret@127.0.0.1:1/nowhere"))
        let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { db in try db.query("SELECT 1") } }
        #expect(error?.kind == .unreachable)
        #expect(error?.isUnavailability == true)
        #expect(error?.description.contains("s3cret") == false)
    }

    private func refusal(of statement: () throws -> Int) -> PostgresError? {
        do {
            _ = try statement()
            return nil
        } catch {
            return error as? PostgresError
        }
    }
}
