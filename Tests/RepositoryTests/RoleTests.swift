import Foundation
import Postgres
import PostgresTesting
import Repository
import Stores
import Testing

struct RoleTests {
    /// A migrated database with its roles, and a pool that connects as one of them.
    /// - Parameter preparation: what the owner does to the database before that.
    private func asRole(
        _ role: String, after preparation: String = "", _ body: @Sendable @escaping (ConnectionPool) async throws -> Void
    ) async throws {
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
            try await owner.withConnection { db in try db.executeScript(preparation) }
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
            // The auditor's sessions read only, for which its statements would be refused before its rights were looked at.
            try await pool.withConnection { db in try db.executeScript("SET TRANSACTION READ WRITE; \(statement)") }
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
                "SET ROLE store_platform_auditor", "CREATE TABLE t (n int)", "CREATE TEMP TABLE t (n int)",
                "DELETE FROM schema_migrations",
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

    @Test(
        arguments: [
            """
            CREATE TEMP TABLE audit_head AS SELECT true AS is_head, 76::bigint AS number, sha256('x') AS hash;
            CREATE TRIGGER harm BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION pg_temp.harm();
            INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)
            VALUES ('me', 'admin', 'default', '::1', 'r', 'a', 't', 'ok');
            """,
            """
            CREATE TEMP TABLE audit_daily (LIKE public.audit_daily INCLUDING INDEXES);
            CREATE TRIGGER harm BEFORE INSERT ON audit_daily FOR EACH ROW EXECUTE FUNCTION pg_temp.harm();
            INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)
            VALUES ('me', 'admin', 'default', '::1', 'r', 'a', 't', 'ok');
            """,
            """
            CREATE FUNCTION pg_temp.harm_now() RETURNS timestamptz LANGUAGE plpgsql AS
                $$ BEGIN DELETE FROM public.schema_migrations; RETURN now(); END $$;
            CREATE TEMP VIEW audit_log_default AS SELECT pg_temp.harm_now() AS at;
            SELECT audit_prepare_partitions();
            """,
        ])
    func `nothing that the application has made is run with the owner's rights`(attack: String) async throws {
        // PostgreSQL's own default, which the roles' script takes away.
        let opening = "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$"
        try await asRole("store_platform_application", after: opening) { pool in
            try await pool.withConnection { db in
                try db.executeScript(
                    """
                    CREATE FUNCTION pg_temp.harm() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN DELETE FROM public.schema_migrations; RETURN NEW; END $$;
                    \(attack)
                    """)
                let left = try db.query("SELECT count(*) AS n FROM public.schema_migrations")[0].decode("n", as: Int.self)
                #expect(left > 0)
                let numbers = try db.query("SELECT number FROM public.audit_log ORDER BY 1").map {
                    try $0.decode("number", as: Int.self)
                }
                #expect(numbers == Array(1...numbers.count))
            }
        }
    }

    @Test func `every function with the owner's rights looks for names among temporary ones last`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let open = try await pool.withConnection { db in
                try db.query(
                    """
                    SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
                        AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search\\_path=pg\\_catalog, %, pg\\_temp')
                    """
                ).map { try $0.decode("proname", as: String.self) }
            }
            #expect(open.isEmpty)
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

    @Test func `what an auditor forgets ends by itself`() async throws {
        try await asRole("store_platform_auditor") { pool in
            try await pool.withConnection { db in
                // The timeouts as the role has them: the pool brings its own along.
                let role = try db.query(
                    "SELECT rolconnlimit, rolconfig::text AS settings FROM pg_roles WHERE rolname = current_user")[0]
                #expect(try role.decode("rolconnlimit", as: Int.self) == 10)
                let settings = try role.decode("settings", as: String.self)
                for setting in ["idle_in_transaction_session_timeout=1min", "statement_timeout=15min"] {
                    #expect(settings.contains(setting))
                }
                let isReadOnly = try db.query("SELECT current_setting('transaction_read_only') AS setting")[0]
                #expect(try isReadOnly.decode("setting", as: String.self) == "on")
            }
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
