package import Foundation
package import Postgres
import Synchronization

/// There is no server to test with.
package struct NoTestServer: Error, CustomStringConvertible {
    package var description: String {
        "STORE_PLATFORM_TEST_DATABASE is not set. Run the tests with scripts/test, or one suite with scripts/test-database swift test --filter …"
    }
}

/// A database of the test's own on the server that `STORE_PLATFORM_TEST_DATABASE` names; gone afterwards.
///
/// - Parameter migrations: a directory whose migrations have been applied in it.
package func withTestDatabase<Value: Sendable>(
    migrations: URL? = nil, maximumConnections: Int = 10,
    _ body: (ConnectionPool, PostgresConfiguration) async throws -> Value
) async throws -> Value {
    guard let server = ProcessInfo.processInfo.environment["STORE_PLATFORM_TEST_DATABASE"] else { throw NoTestServer() }
    var administration = PostgresConfiguration(url: server)
    administration.maximumConnections = 1
    administration.acquireTimeout = .seconds(120)
    administration.statementTimeout = .seconds(60)
    administration.lockTimeout = .seconds(60)
    let administrator = ConnectionPool(configuration: administration)
    let template = try await migrations.asyncMap { try await Templates.shared.name(of: $0, server: server, administrator) }
    let name = "test_\(UInt64.random(in: 0 ... .max))"
    try await administrator.withConnection { db in
        try db.executeScript("CREATE DATABASE \(name) TEMPLATE \(template ?? "template0")")
    }
    var configuration = PostgresConfiguration(url: databaseURL(server, name))
    configuration.maximumConnections = maximumConnections
    configuration.acquireTimeout = .seconds(10)
    let pool = ConnectionPool(configuration: configuration)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(pool, configuration))
    } catch {
        result = .failure(error)
    }
    await pool.close()
    try await administrator.withConnection { db in try db.executeScript("DROP DATABASE \(name) WITH (FORCE)") }
    await administrator.close()
    return try result.get()
}

/// The same server, another database.
private func databaseURL(_ server: String, _ name: String) -> String {
    guard var components = URLComponents(string: server) else { return server }
    components.path = "/\(name)"
    return components.string ?? server
}

/// Migrated databases that others are copied from: migrating takes longer than copying.
private actor Templates {
    static let shared = Templates()
    private var names: [URL: Task<String, any Error>] = [:]

    func name(of migrations: URL, server: String, _ administrator: ConnectionPool) async throws -> String {
        if let making = names[migrations] { return try await making.value }
        let making = Task {
            let name = "template_\(UInt64.random(in: 0 ... .max))"
            try await administrator.withConnection { db in try db.executeScript("CREATE DATABASE \(name) TEMPLATE template0") }
            try await Migrator(migrations: Migration.all(in: migrations)).migrate(
                PostgresConfiguration(url: databaseURL(server, name)))
            return name
        }
        names[migrations] = making
        return try await making.value
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
