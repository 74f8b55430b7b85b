import FailPoints
import Foundation
import Postgres
import Repository

@main
struct StorePlatform {
    static let usage = """
        Store Platform: shops on Kubernetes, one request each. Configured by the environment; see docs/configuration.md.

        usage: store-platform [command]
          serve        answer requests and look after the stores (without a command, too)
          migrate      bring the database up to date, and end; with --roles, also make the roles of the service and of auditors
          audit        verify the audit log; see “store-platform audit”
          fail-points  print the places where a debug build can be made to end itself, and end
          check        print what was read from the environment, secrets masked, and end
          help         this text

        """

    static func main() async {
        let command = CommandLine.arguments.dropFirst().first ?? "serve"
        if command == "audit" {
            guard let audit = AuditCommand(arguments: Array(CommandLine.arguments.dropFirst(2))) else {
                complain(AuditCommand.usage)
                exit(64)
            }
            exit(await audit.run())
        }
        let makesRoles = Array(CommandLine.arguments.dropFirst()) == ["migrate", "--roles"]
        guard CommandLine.arguments.count <= 2 || makesRoles,
            ["serve", "migrate", "check", "fail-points", "help", "--help", "-h"].contains(command)
        else {
            complain(
                "store-platform: there is no command “\(CommandLine.arguments.dropFirst().joined(separator: " "))”\n\n\(usage)")
            exit(64)
        }
        if ["help", "--help", "-h"].contains(command) { return print(usage, terminator: "") }
        if command == "fail-points" { return printFailPoints() }
        let configuration: Configuration
        do throws(Configuration.Invalid) {
            configuration = try Configuration(environment: ProcessInfo.processInfo.environment)
        } catch {
            complain("store-platform: \(error.problems.joined(separator: "; "))\n")
            exit(78)
        }
        do {
            switch command {
            case "check": for (name, value) in configuration.shown { print("\(name)=\(value)") }
            case "migrate": try await migrate(configuration, makingRoles: makesRoles)
            default: try await Service(configuration).run()
            }
        } catch {
            complain("store-platform: \(error)\n")
            exit(1)
        }
    }

    private static func migrate(_ configuration: Configuration, makingRoles: Bool) async throws {
        let applied = try await Migrator(migrations: Migration.all(in: configuration.migrations)).migrate(configuration.postgres)
        print(applied.isEmpty ? "The database is up to date." : "Applied: \(applied.joined(separator: ", "))")
        let script = try String(contentsOf: configuration.migrations.appendingPathComponent("roles.sql"), encoding: .utf8)
        let pool = ConnectionPool(configuration: configuration.postgres)
        let hasGranted = try await pool.transaction { db in
            _ = try AuditRepository.preparePartitions(on: db)
            return try RoleRepository.grant(script, makingRoles: makingRoles, on: db)
        }
        await pool.close()
        if hasGranted { print("The roles store_platform_application and store_platform_auditor have what they may do.") }
    }

    private static func printFailPoints() {
        guard FailPoint.isCompiledIn else { return print("This is a release build: it has no fail points.") }
        for point in FailPoint.allCases { print(point.rawValue) }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
