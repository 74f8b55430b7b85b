import Foundation
import Postgres
import PostgresTesting
import Testing

struct MigratorTests {
    private let first = Migration(version: 1, name: "first", text: "CREATE TABLE one (n int);")
    private let second = Migration(
        version: 2, name: "second", text: "-- no transaction\nCREATE INDEX CONCURRENTLY one_n ON one (n);")

    @Test func `missing migrations are applied once, also by two runners at once`() async throws {
        try await withTestDatabase { _, configuration in
            let migrator = Migrator(migrations: [first, second])
            async let one = migrator.migrate(configuration)
            async let other = migrator.migrate(configuration)
            let applied = try await (one + other).sorted()
            let appliedAgain = try await migrator.migrate(configuration)
            #expect(applied == ["0001_first", "0002_second"])
            #expect(appliedAgain == [])
        }
    }

    @Test func `an applied migration that was changed is refused by name`() async throws {
        try await withTestDatabase { _, configuration in
            try await Migrator(migrations: [first]).migrate(configuration)
            let changed = Migration(version: 1, name: "first", text: "CREATE TABLE other (n int);")
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(migrations: [changed]).migrate(configuration)
            }
            #expect(error?.message.contains("1_first") == true)
        }
    }

    @Test func `a database ahead of the files is left alone`() async throws {
        try await withTestDatabase { _, configuration in
            try await Migrator(migrations: [first, second]).migrate(configuration)
            let applied = try await Migrator(migrations: [first]).migrate(configuration)
            #expect(applied == [])
        }
    }

    @Test func `a failing migration leaves nothing of itself`() async throws {
        try await withTestDatabase { pool, configuration in
            let broken = Migration(version: 2, name: "broken", text: "CREATE TABLE two (n int); SELECT 1/0;")
            await #expect(throws: PostgresError.self) { try await Migrator(migrations: [first, broken]).migrate(configuration) }
            let tables = try await pool.withConnection { db in
                try db.query("SELECT to_regclass('two')::text AS name, count(*) AS n FROM schema_migrations")
            }
            let name = try tables[0].decodeIfPresent("name", as: String.self)
            #expect(name == nil)
            #expect(try tables[0].decode("n") == 1)
        }
    }

    @Test func `files with a gap in their numbers are refused`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("migrations-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in ["0001_a.sql", "0003_b.sql"] { try Data().write(to: directory.appendingPathComponent(name)) }
        #expect(throws: PostgresError.self) { try Migration.all(in: directory) }
        try FileManager.default.removeItem(at: directory)
    }
}
