import CommandTesting
import Foundation
import Postgres
import PostgresTesting
import Repository
import Services
import Stores
import Testing

/// What somebody with every right in the database does to the log, and where the verification says that it is broken.
struct Tampering: Sendable, CustomTestStringConvertible {
    let name: String
    /// Run by the owner; triggers do not hold it up unless it is about them.
    let sql: String
    let number: Int
    let difference: BrokenLink.Difference
    var keepsTriggers = false

    var testDescription: String { name }

    static let all: [Tampering] = [
        .init(
            name: "an edited field", sql: "UPDATE audit_log SET actor = 'mallory' WHERE number = 10", number: 10,
            difference: .fields),
        .init(
            name: "an edited time", sql: "UPDATE audit_log SET at = at + interval '1 ms' WHERE number = 10", number: 10,
            difference: .fields),
        .init(
            name: "a record deleted in the middle", sql: "DELETE FROM audit_log WHERE number = 10", number: 10, difference: .missing
        ),
        .init(name: "the first record deleted", sql: "DELETE FROM audit_log WHERE number = 1", number: 1, difference: .missing),
        .init(name: "the end cut off", sql: "DELETE FROM audit_log WHERE number > 25", number: 26, difference: .truncated),
        .init(
            name: "the end cut off and the head set back",
            sql: """
                DELETE FROM audit_log WHERE number > 25;
                UPDATE audit_head SET number = 25, hash = (SELECT hash FROM audit_log WHERE number = 25)
                """, number: 26, difference: .checkpointMissing),
        .init(
            name: "an inserted record",
            sql: """
                INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT id + 100, at, 'mallory', token_id, role, account_id, remote_address, request_id,
                    action, target, before, after, result, number, previous_hash, hash FROM audit_log WHERE number = 10
                """, number: 10, difference: .doubled),
        .init(
            name: "a record put behind the head",
            sql: """
                INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT 31, at, 'mallory', token_id, role, account_id, remote_address, request_id, action,
                    target, before, after, result, 31, hash, audit_hash(hash, 31, 31, at, 'mallory', token_id, role, account_id, remote_address,
                    request_id, action, target, before, after, result) FROM audit_log WHERE number = 30
                """, number: 31, difference: .behindHead),
        .init(
            name: "records in another order", sql: "UPDATE audit_log SET number = 22 - number WHERE number BETWEEN 10 AND 12",
            number: 10, difference: .previous),
        .init(
            name: "what two records say exchanged",
            sql: """
                UPDATE audit_log a SET target = b.target, request_id = b.request_id FROM audit_log b
                WHERE (a.number, b.number) IN ((10, 20), (20, 10))
                """, number: 10, difference: .fields),
        .init(
            name: "a changed hash", sql: "UPDATE audit_log SET hash = sha256('x') WHERE number = 10", number: 10,
            difference: .fields),
        .init(
            name: "one record edited and hashed again",
            sql: "UPDATE audit_log SET actor = 'mallory' WHERE number = 10;" + rehash(10, 10),
            number: 11, difference: .previous),
        .init(
            name: "one record edited and everything behind it hashed again",
            sql: "UPDATE audit_log SET actor = 'mallory' WHERE number = 10;" + rehash(10, 30), number: 30, difference: .checkpoint),
        .init(
            name: "the triggers disabled and a field edited",
            sql: "ALTER TABLE audit_log DISABLE TRIGGER ALL; UPDATE audit_log SET result = 'forbidden' WHERE number = 10",
            number: 10,
            difference: .fields, keepsTriggers: true),
        .init(name: "a dropped partition", sql: "DROP TABLE audit_log_2025_02", number: 11, difference: .missing),
        .init(
            name: "a dropped beginning, said to be archived",
            sql: "DROP TABLE audit_log_2025_01;" + archive("audit_log_2025_01", 1, 10),
            number: 10, difference: .archiveUnrecorded),
        .init(
            name: "a dropped beginning of which the later half is said to be archived",
            sql: "DROP TABLE audit_log_2025_01, audit_log_2025_02;" + archive("audit_log_2025_02", 11, 20), number: 1,
            difference: .archiveMissing),
        .init(
            name: "a detached partition", sql: "ALTER TABLE audit_log DETACH PARTITION audit_log_2025_02", number: 11,
            difference: .missing),
        .init(
            name: "a record moved to another month", sql: "UPDATE audit_log SET at = at + interval '1 month' WHERE number = 15",
            number: 15,
            difference: .fields),
    ]

    /// What an archive leaves in the database, but for its record.
    private static func archive(_ partition: String, _ first: Int, _ last: Int) -> String {
        """
        INSERT INTO audit_archives (partition, first_number, last_number, last_hash, file, file_sha256)
        SELECT '\(partition)', \(first), \(last), previous_hash, '\(partition).jsonl', sha256('x') FROM audit_log WHERE number = \(last + 1)
        """
    }

    /// As the owner would do it: with the function of the schema, from record to record.
    private static func rehash(_ first: Int, _ last: Int) -> String {
        """
        DO $$ DECLARE link bytea := (SELECT previous_hash FROM audit_log WHERE number = \(first)); BEGIN
            FOR n IN \(first)..\(last) LOOP
                UPDATE audit_log SET previous_hash = link, hash = audit_hash(link, number, id, at, actor, token_id, role, account_id, remote_address,
                    request_id, action, target, before, after, result) WHERE number = n RETURNING hash INTO link;
            END LOOP;
            UPDATE audit_head SET hash = link WHERE number = \(last);
        END $$
        """
    }
}

/// Thirty records, ten in each of three months gone by. The log takes none that is not of now, so the owner writes them.
func writeHistory(_ pool: ConnectionPool) async throws {
    try await pool.transaction { db in
        try db.executeScript(
            """
            ALTER TABLE audit_log DISABLE TRIGGER audit_log_link;
            DO $$ DECLARE link audit_head; moment timestamptz; BEGIN
                SELECT * INTO link FROM audit_head;
                FOR n IN 1..30 LOOP
                    moment := '2025-01-01'::timestamptz + (n - 1) / 10 * interval '1 month' + n * interval '1 hour';
                    INSERT INTO audit_log (id, at, actor, role, account_id, remote_address, request_id, action, target, after, result, number,
                        previous_hash, hash) OVERRIDING SYSTEM VALUE
                    VALUES (n, moment, 'administrator', 'admin', 'default', '127.0.0.1', 'r' || n, 'store.create', 's' || n, '{"name": "x"}', 'ok', n,
                        link.hash, audit_hash(link.hash, n, n, moment, 'administrator', NULL, 'admin', 'default', '127.0.0.1', 'r' || n,
                        'store.create', 's' || n, NULL, '{"name": "x"}', 'ok'))
                    RETURNING number, hash INTO link.number, link.hash;
                END LOOP;
                UPDATE audit_head SET number = link.number, hash = link.hash;
            END $$;
            ALTER TABLE audit_log ENABLE TRIGGER audit_log_link;
            """)
        _ = try AuditRepository.preparePartitions(on: db)
    }
}

func auditRecord(_ action: String = "store.create", request: String = "r", result: String = AuditRecord.ok) -> AuditRecord {
    AuditRecord(
        principal: .platform, remoteAddress: "127.0.0.1", requestID: request, action: action, target: "a2bcdefghijk",
        before: JSONB(text: #"{"name": "Blue"}"#), after: nil, result: result)
}

struct AuditChainTests {
    @Test func `records appended by many at once make one whole chain in the order of their commits`() async throws {
        try await withTestDatabase(migrations: migrations, maximumConnections: 8) { pool, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        do {
                            try await pool.transaction { db in
                                try AuditRepository.append(auditRecord(request: "r\(index)"), on: db)
                                // A transaction that fails takes its number with it, and leaves no gap.
                                if index.isMultiple(of: 5) { throw CancellationError() }
                            }
                        } catch is CancellationError {}
                    }
                }
                try await group.waitForAll()
            }
            let report = try await AuditVerification(pool: pool, pageLength: 50).run()
            #expect(report.records == 160)
            #expect(report.head.number == 160)
            let backwards = try await pool.withConnection { db in
                try db.query(
                    "SELECT count(*) AS n FROM (SELECT at < lag(at) OVER (ORDER BY number) AS is_earlier FROM audit_log) AS r WHERE is_earlier"
                )[0].decode(
                    "n", as: Int.self)
            }
            #expect(backwards == 0)
        }
    }

    @Test func `an empty log is whole`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let checkpoint = try await AuditVerification(pool: pool).checkpoint()
            let report = try await AuditVerification(pool: pool).run(checkpoints: [checkpoint.link])
            #expect(report.records == 0)
        }
    }

    @Test(arguments: Tampering.all) func `what was done to the log is found and named`(_ tampering: Tampering) async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            try await writeHistory(pool)
            // Pages of seven: what is broken lies at an edge of one as often as within.
            let verification = AuditVerification(pool: pool, pageLength: 7)
            let checkpoint = try await verification.checkpoint().link
            let whole = try await verification.run(checkpoints: [checkpoint])
            #expect(whole.records == 30)
            #expect(whole.checkpointsCompared == 1)
            try await pool.transaction { db in
                if !tampering.keepsTriggers { try db.executeScript("SET LOCAL session_replication_role = replica") }
                try db.executeScript(tampering.sql)
            }
            let broken = await #expect(throws: BrokenLink.self) { try await verification.run(checkpoints: [checkpoint]) }
            #expect(broken?.number == tampering.number)
            #expect(broken?.difference == tampering.difference)
            #expect(broken?.description.contains("number \(tampering.number)") == true)
        }
    }

    @Test func `a restored older dump ends before the checkpoint`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, configuration in
            try await writeHistory(pool)
            let dump = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString).sql")
            defer { try? FileManager.default.removeItem(at: dump) }  // a file in /tmp that is left is no failure
            _ = try await output(of: "pg_dump --file '\(dump.path)' '\(configuration.url)'")
            try await pool.transaction { db in try AuditRepository.append(auditRecord(), on: db) }
            let checkpoint = try await AuditVerification(pool: pool).checkpoint().link
            try await withTestDatabase { restored, other in
                _ = try await output(of: "psql -Xq -v ON_ERROR_STOP=1 --file '\(dump.path)' '\(other.url)'")
                let alone = try await AuditVerification(pool: restored).run()
                #expect(alone.records == 30)
                let broken = await #expect(throws: BrokenLink.self) {
                    try await AuditVerification(pool: restored).run(checkpoints: [checkpoint])
                }
                #expect(broken == BrokenLink(number: 31, .checkpointMissing))
            }
        }
    }

    @Test func `disabled triggers are told even where the chain is whole`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            try await writeHistory(pool)
            try await pool.withConnection { db in
                try db.executeScript("ALTER TABLE audit_log_2025_02 DISABLE TRIGGER audit_log_2025_02_append_only")
            }
            let error = await #expect(throws: DisarmedTrigger.self) { try await AuditVerification(pool: pool).run() }
            #expect(error?.description.contains("audit_log_2025_02_append_only") == true)
        }
    }

    @Test func `no two ways of dividing fields give the same hash`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let distinct = try await pool.withConnection { db in
                try db.query(
                    """
                    SELECT count(DISTINCT audit_hash(sha256(''), 1, 1, '2025-01-01', actor, token_id, 'admin', account, '::1', 'r', 'a', 't', NULL, NULL,
                        'ok')) AS hashes
                    FROM (VALUES ('ab', 'c', 'd'), ('a', 'bc', 'd'), ('a', 'b', 'cd'), ('abc', '', 'd'), ('abc', NULL, 'd')) AS way (actor, token_id, account)
                    """)[0].decode("hashes", as: Int.self)
            }
            #expect(distinct == 5)
        }
    }

    @Test func `a record is of now`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { db in
                    try db.execute(
                        """
                        INSERT INTO audit_log (at, actor, role, account_id, remote_address, request_id, action, target, result)
                        VALUES ('2025-01-01', 'me', 'admin', 'default', '::1', 'r', 'a', 't', 'ok')
                        """)
                }
            }
            #expect(error?.violatedConstraint == "audit_time_is_now")
        }
    }

    @Test func `what comes from outside is cut to the length that the table takes`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            let long = String(repeating: "👩‍👩‍👧\0", count: 400)
            let record = AuditRecord(
                principal: Principal(tokenID: nil, account: "default", role: .admin, name: long), remoteAddress: long,
                requestID: long,
                action: long, target: long, result: long)
            try await pool.withConnection { db in try AuditRepository.append(record, on: db) }
            let report = try await AuditVerification(pool: pool).run()
            #expect(report.records == 1)
        }
    }

    @Test func `a checkpoint is read as it was printed, and a line that is none is named`() async throws {
        let checkpoint = AuditCheckpoint(link: AuditLink(number: 7, hash: [UInt8](repeating: 171, count: 32)), at: Date())
        #expect(try AuditCheckpoint.read("\(checkpoint.text)\n\n\(checkpoint.text)\n") == [checkpoint.link, checkpoint.link])
        let error = #expect(throws: AuditCheckpoint.Unreadable.self) { try AuditCheckpoint.read("\(checkpoint.text)\n{}\n") }
        #expect(error?.description.contains("Line 2") == true)
    }
}

struct AuditPartitionTests {
    @Test func `records are refused by no partition that is made meanwhile, and stay in the chain when they are moved`()
        async throws
    {
        try await withTestDatabase(migrations: migrations, maximumConnections: 8) { pool, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        try await pool.transaction { db in try AuditRepository.append(auditRecord(request: "r\(index)"), on: db) }
                    }
                    guard index % 60 == 30 else { continue }
                    group.addTask {
                        let made = try await pool.transaction { db in try AuditRepository.preparePartitions(on: db) }
                        #expect(made.isEmpty || made.count == 2)
                    }
                }
                try await group.waitForAll()
            }
            let left = try await pool.withConnection { db in
                try db.query("SELECT count(*) AS n FROM audit_log_default")[0].decode("n", as: Int.self)
            }
            #expect(left == 0)
            let report = try await AuditVerification(pool: pool).run()
            #expect(report.records == 200)
        }
    }

    @Test func `months gone by that lie in the default partition get partitions of their own`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            try await writeHistory(pool)
            let rows = try await pool.withConnection { db in
                try db.query("SELECT tableoid::regclass::text AS partition, count(*) AS n FROM audit_log GROUP BY 1 ORDER BY 1")
            }
            #expect(
                try rows.map { try $0.decode("partition", as: String.self) } == [
                    "audit_log_2025_01", "audit_log_2025_02", "audit_log_2025_03",
                ])
        }
    }
}

struct AuditArchiveTests {
    @Test func `months older than the retention are in files before they are gone, and the chain goes on behind them`() async throws
    {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            try await writeHistory(pool)
            let early = try await AuditVerification(pool: pool).checkpoint().link
            let directory = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }  // a directory in /tmp that is left is no failure
            let now = try await pool.withConnection { db in
                try db.query("SELECT (extract(year FROM now()) - 2025) * 12 + extract(month FROM now()) - 1 AS months")[0].decode(
                    "months", as: Int.self)
            }
            // January and February are over the retention, March is not.
            let files = try await AuditArchive(pool: pool, directory: directory, months: now - 2).run()
            #expect(files.map(\.lastPathComponent) == ["audit_log_2025_01.jsonl", "audit_log_2025_02.jsonl"])
            let lines = try files.flatMap { try String(contentsOf: $0, encoding: .utf8).split(separator: "\n") }
            #expect(lines.count == 20)
            let report = try await AuditVerification(pool: pool, pageLength: 7).run(checkpoints: [early])
            #expect(report.base.number == 20)
            #expect(report.head.number == 32)  // each archive is itself recorded
            // A checkpoint at an archive's end is compared with its row, one within can only be with its file.
            let (atEnd, within) = (AuditLink(number: 10, hash: early.hash), AuditLink(number: 15, hash: early.hash))
            #expect(try await AuditVerification(pool: pool).run(checkpoints: [early, within]).checkpointsOfArchives == 1)
            let otherwise = await #expect(throws: BrokenLink.self) {
                try await AuditVerification(pool: pool).run(checkpoints: [atEnd])
            }
            #expect(otherwise == BrokenLink(number: 10, .checkpoint))
            let again = try await AuditArchive(pool: pool, directory: directory, months: now - 2).run()
            #expect(again.isEmpty)
            try await pool.withConnection { db in
                try db.executeScript(
                    "SET session_replication_role = replica; DELETE FROM audit_log WHERE number = 21; RESET session_replication_role"
                )
            }
            let broken = await #expect(throws: BrokenLink.self) { try await AuditVerification(pool: pool).run() }
            #expect(broken == BrokenLink(number: 21, .missing))
        }
    }

    @Test func `of two archives at once one is told to wait, and moves nothing`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, configuration in
            try await writeHistory(pool)
            let directory = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }  // a directory in /tmp that is left is no failure
            let archive = AuditArchive(pool: pool, directory: directory, months: 1)
            let other = ConnectionPool(configuration: configuration)
            #expect(try await other.withConnection { db in try AuditArchiveRepository.takeTurn(on: db) })
            await #expect(throws: AuditArchive.AlreadyRunning.self) { try await archive.run() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
            await other.close()
            #expect(try await archive.run().count == 3)
            // It has let go of its turn.
            #expect(try await archive.run().isEmpty)
        }
    }

    @Test func `a month whose chain is broken, or that cannot be written, stays`() async throws {
        try await withTestDatabase(migrations: migrations) { pool, _ in
            try await writeHistory(pool)
            let nowhere = AuditArchive(pool: pool, directory: URL(fileURLWithPath: "/nowhere"), months: 1)
            await #expect(throws: (any Error).self) { try await nowhere.run() }
            try await pool.withConnection { db in
                try db.executeScript(
                    "SET session_replication_role = replica; UPDATE audit_log SET actor = 'mallory' WHERE number = 3; RESET session_replication_role"
                )
            }
            let archive = AuditArchive(pool: pool, directory: FileManager.default.temporaryDirectory, months: 1)
            let broken = await #expect(throws: BrokenLink.self) { try await archive.run() }
            #expect(broken?.number == 3)
            let count = try await pool.withConnection { db in
                try db.query("SELECT count(*) AS n FROM audit_log")[0].decode("n", as: Int.self)
            }
            #expect(count == 30)
        }
    }
}
