import CCrypto
package import Foundation

/// One numbered file of `migrations/`.
package struct Migration: Sendable, Equatable {
    package let version: Int
    package let name: String
    package let text: String

    package init(version: Int, name: String, text: String) {
        self.version = version
        self.name = name
        self.text = text
    }

    /// Of the file's bytes, in hexadecimal: an applied file must never change.
    var checksum: String {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        let bytes = Array(text.utf8)
        SHA256(bytes, bytes.count, &digest)
        return digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }

    /// CREATE INDEX CONCURRENTLY and its like cannot run in a transaction: such a file says so in its first line.
    var runsOutsideTransaction: Bool { text.hasPrefix("-- no transaction\n") }

    /// The files `NNNN_name.sql` of a directory, in order; other files are not looked at.
    /// - Throws: `.migration` where numbers are missing or doubled.
    package static func all(in directory: URL) throws -> [Migration] {
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        let migrations = try files.compactMap { file -> Migration? in
            let stem = file.deletingPathExtension().lastPathComponent
            guard file.pathExtension == "sql", let version = Int(stem.prefix(4)), stem.dropFirst(4).first == "_" else { return nil }
            return Migration(version: version, name: String(stem.dropFirst(5)), text: try String(contentsOf: file, encoding: .utf8))
        }.sorted { $0.version < $1.version }
        guard !migrations.isEmpty, migrations.map(\.version) == Array(1...migrations.count) else {
            throw PostgresError(
                .migration, "The migrations in \(directory.path) are not numbered 0001, 0002 … without gaps or doubles.")
        }
        return migrations
    }
}

/// Brings a database to the newest migration, forwards only, one runner at a time.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    package init(migrations: [Migration]) {
        self.migrations = migrations
    }

    /// Applies what is missing.
    ///
    /// A database that is ahead of these files is left as it is: the previous version must be able to run beside the next.
    /// - Parameter patience: how long to wait for another runner.
    /// - Returns: the files applied, as `0001_stores`.
    /// - Throws: `.migration` where an applied file was changed or another runner does not finish.
    @discardableResult package func migrate(_ configuration: PostgresConfiguration, patience: Duration = .seconds(60)) async throws
        -> [String]
    {
        var configuration = configuration
        configuration.statementTimeout = .zero  // an index may take its time; a lock may not
        let connection = try await Connection(configuration)
        let result: Result<[String], any Error>
        do {
            try await takeTurn(on: connection, patience: patience)
            result = .success(try await apply(on: connection))
        } catch {
            result = .failure(error)
        }
        await connection.close()  // and with it the lock
        return try result.get()
    }

    /// Polls, because a session that waits in pg_advisory_lock holds a snapshot, for which CREATE INDEX CONCURRENTLY waits in turn
    /// (golang-migrate issue 960).
    private func takeTurn(on connection: Connection, patience: Duration) async throws {
        let deadline = ContinuousClock.now + patience
        while try await !connection.tryMigrationLock() {
            guard .now < deadline else {
                throw PostgresError(
                    .migration, "Another migration has been running for \(patience.components.seconds) s. See pg_stat_activity.")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func apply(on connection: Connection) async throws -> [String] {
        let applied = try await connection.appliedMigrations()
        var names: [String] = []
        for migration in migrations {
            if let checksum = applied[migration.version] {
                guard checksum == migration.checksum else {
                    throw PostgresError(
                        .migration,
                        "The migration \(migration.version)_\(migration.name) was changed after it had been applied. Restore it and add a new one."
                    )
                }
                continue
            }
            try await connection.apply(migration)
            names.append(migration.fileName)
        }
        return names
    }
}

extension Migration {
    fileprivate var fileName: String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_" + name
    }
}

extension Connection {
    fileprivate func tryMigrationLock() throws(PostgresError) -> Bool {
        let key = 7_305_804_402_566_529_360  // any number that nobody else locks
        return try query("SELECT pg_try_advisory_lock(\(key)) AS locked").first?.decode("locked") ?? false
    }

    fileprivate func appliedMigrations() throws(PostgresError) -> [Int: String] {
        try executeScript(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer PRIMARY KEY,
                name text NOT NULL,
                sha256 text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """)
        var applied: [Int: String] = [:]
        for row in try query("SELECT version, sha256 FROM schema_migrations") {
            applied[try row.decode("version")] = try row.decode("sha256")
        }
        return applied
    }

    fileprivate func apply(_ migration: Migration) throws {
        if migration.runsOutsideTransaction {
            try executeScript(migration.text)
            try record(migration)
        } else {
            try performTransaction { db in
                try db.executeScript(migration.text)
                try db.record(migration)
            }
        }
    }

    private func record(_ migration: Migration) throws(PostgresError) {
        try execute(
            "INSERT INTO schema_migrations (version, name, sha256) VALUES (\(migration.version), \(migration.name), \(migration.checksum))"
        )
    }
}
