import Foundation
import Postgres
import PostgresTesting
import Repository
import Stores
import Testing

struct RoleTests {
    /// A migrated database with its roles, and a pool that connects as one of them.
    private func asRole(_ role: String, _ body: @Sendable @escaping (ConnectionPool) async throws -> Void) async throws {
        try await withTestDatabase(migrations: migrations) { owner, configuration in
            let script = try String(contentsOf: migrations.appendingPathComponent("roles.sql"), encoding: .utf8)
            // Twice: what is there already is no error.
            for _ in 0..<2 {
                try await owner.transaction { db in
                    _ = try RoleRepository.grant(script, makingRoles: true, on: db)
                    _ = try AuditRepository.preparePartitions(on: db)
                    try db.execute(
                        """
                        INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)
                        VALUES ('owner', 'admin', 'default', '::1', 'r', 'store.create', 's', 'ok')
                        """)
                }
            }
            var components = try #require(URLComponents(string: configuration.url))
            components.user = role
            let pool = ConnectionPool(configuration: PostgresConfiguration(url: try #require(components.string)))
            let result: Result<Void, any Error>
            do { result = .success(try await body(pool)) } catch { result = .failure(error) }
            await pool.close()
            try result.get()
        }
    }

    private func expectForbidden(_ statement: String, _ pool: ConnectionPool) async {
        let error = await #expect(throws: PostgresError.self, "\(statement)") {
            try await pool.withConnection { db in try db.executeScript(statement) }
        }
        // 55000: no view of several tables can be written to.
        #expect(["42501", "55000"].contains(error?.sqlState?.rawValue), "\(statement): \(String(describing: error))")
    }

    @Test func `the application adds to the log and the events, and can change nothing of them`() async throws {
        try await asRole("store_platform_application") { pool in
            let record = AuditRecord(
                principal: .platform, remoteAddress: "::1", requestID: "r", action: "store.create", target: "s")
            let entries = try await pool.transaction { db in
                try AuditRepository.append(record, on: db)
                return try AuditRepository.page(.init(), on: db)
            }
            #expect(entries.map(\.number) == [3, 2, 1])
            let partition = "audit_log_" + String(Date().ISO8601Format().prefix(7)).replacing("-", with: "_")
            for table in ["audit_log", partition, "audit_log_default", "store_events", "audit_archives"] {
                for statement in [
                    "DELETE FROM \(table)", "TRUNCATE \(table)", "DROP TABLE \(table)", "ALTER TABLE \(table) DISABLE TRIGGER ALL",
                ] {
                    await expectForbidden(statement, pool)
                }
            }
            for statement in [
                "UPDATE audit_log SET actor = 'x'", "UPDATE \(partition) SET actor = 'x'", "UPDATE store_events SET message = 'x'",
                "INSERT INTO \(partition) SELECT * FROM audit_log", "UPDATE audit_head SET number = 0", "DELETE FROM audit_head",
                "UPDATE audit_daily SET records = 1", "INSERT INTO audit_archives SELECT", "SET session_replication_role = replica",
                "ALTER TABLE audit_log DETACH PARTITION \(partition)", "DROP FUNCTION audit_link() CASCADE",
                "SET ROLE store_platform_auditor", "CREATE TABLE t (n int)", "DELETE FROM schema_migrations",
            ] {
                await expectForbidden(statement, pool)
            }
        }
    }

    @Test func `the number and the hashes are the database's, whatever the application sends`() async throws {
        try await asRole("store_platform_application") { pool in
            try await pool.withConnection { db in
                try db.execute(
                    """
                    INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result, number, previous_hash, hash)
                    VALUES ('me', 'admin', 'default', '::1', 'r', 'a', 't', 'ok', 77, sha256('x'), sha256('y'))
                    """)
            }
            let newest = try await pool.withConnection { db in try AuditRepository.page(.init(), on: db) }.first
            #expect(newest?.number == 3)
            #expect(newest?.actor == "me")
        }
    }

    @Test func `the auditor reads the views and can alter nothing`() async throws {
        try await asRole("store_platform_auditor") { pool in
            let views = [
                "audit_log", "audit_head", "audit_archives", "activity", "denied_attempts", "stores", "failures", "deletions",
                "quota_use",
            ]
            for view in views {
                try await pool.withConnection { db in _ = try db.query("SELECT count(*) FROM reporting.\(raw: view)") }
                for statement in [
                    "DELETE FROM reporting.\(view)", "DROP VIEW reporting.\(view)", "INSERT INTO reporting.\(view) SELECT",
                ] {
                    await expectForbidden(statement, pool)
                }
            }
            for table in ["audit_log", "audit_log_default", "audit_head", "stores", "tokens", "store_events", "accounts", "work"] {
                await expectForbidden("SELECT FROM public.\(table)", pool)
                await expectForbidden("DELETE FROM public.\(table)", pool)
            }
            await expectForbidden("UPDATE reporting.audit_log SET actor = 'x'", pool)
            await expectForbidden("CREATE TABLE public.t (n int)", pool)
            await expectForbidden("SELECT public.audit_prepare_partitions()", pool)
        }
    }

    @Test func `every query of the page on reporting answers the auditor`() async throws {
        let page = try String(contentsOf: migrations.appendingPathComponent("../docs/reporting.md"), encoding: .utf8)
        let queries = page.components(separatedBy: "```sql\n").dropFirst().map { $0.prefix { $0 != "`" } }
        #expect(queries.count >= 10)
        try await asRole("store_platform_auditor") { pool in
            for query in queries {
                await #expect(throws: Never.self, "\(query)") {
                    try await pool.withConnection { db in try db.executeScript(String(query)) }
                }
            }
        }
    }
}
