import API
import Engines
import FailPoints
import Foundation
import JSON
import Postgres
import Repository
import Stores

@main
struct StorePlatform {
    static let usage = """
        Store Platform: shops on Kubernetes, one request each. Configured by the environment; see docs/configuration.md.

        usage: store-platform [command]
          serve        answer requests and look after the stores (without a command, too)
          migrate      bring the database up to date, and end; with --roles, also make the roles of the service and of auditors
          audit        verify the audit log; see “store-platform audit”
          manifests ENGINE [PLAN]
                       print the objects that a store is made of, as a List in JSON, and end
          permissions  print who may do what as a Markdown table, and end
          routes       print every route and the permission it needs as lines of JSON, and end
          fail-points  print the places where a debug build can be made to end itself, and end
          check        print what was read from the environment, secrets masked, and end
          help         this text

        """

    enum Command: String {
        case serve, migrate, audit, manifests, permissions, routes, check, help
        case failPoints = "fail-points"

        /// Whether these words may follow it.
        func takes(_ words: [String]) -> Bool {
            switch self {
            case .audit: true  // it has a usage of its own
            case .manifests: (1...2).contains(words.count)
            case .migrate: words.isEmpty || words == ["--roles"]
            case .serve, .check, .help, .failPoints, .permissions, .routes: words.isEmpty
            }
        }
    }

    static func main() async {
        let all = CommandLine.arguments.dropFirst()
        let name = all.first.map { ["--help", "-h"].contains($0) ? "help" : $0 } ?? "serve"
        let words = Array(all.dropFirst())
        guard let command = Command(rawValue: name), command.takes(words) else {
            complain("store-platform: there is no command “\(all.joined(separator: " "))”\n\n\(usage)")
            exit(64)
        }
        let environment = ProcessInfo.processInfo.environment
        do {
            switch command {
            case .help: print(usage, terminator: "")
            case .failPoints: printFailPoints()
            case .permissions: print(Permission.table)
            case .routes: printRoutes()
            case .audit: await audit(words)
            case .manifests: try printManifests(words, environment)
            case .check: for (name, value) in try Configuration(environment: environment).shown { print("\(name)=\(value)") }
            case .migrate: try await migrate(environment, makingRoles: !words.isEmpty)
            case .serve: try await Service(Configuration(environment: environment)).run()
            }
        } catch let error as Configuration.Invalid {
            complain("store-platform: \(error.problems.joined(separator: "; "))\n")
            exit(78)
        } catch {
            complain("store-platform: \(error)\n")
            exit(1)
        }
    }

    private static func audit(_ words: [String]) async {
        guard let audit = AuditCommand(arguments: words) else {
            complain(AuditCommand.usage)
            exit(64)
        }
        exit(await audit.run())
    }

    private static func migrate(_ environment: [String: String], makingRoles: Bool) async throws {
        let (postgres, migrations) = try Configuration.database(environment: environment)
        let applied = try await Migrator(migrations: try Migration.all(in: migrations)).migrate(postgres)
        print(applied.isEmpty ? "The database is up to date." : "Applied: \(applied.joined(separator: ", "))")
        let script = try String(contentsOf: migrations.appendingPathComponent("roles.sql"), encoding: .utf8)
        var patient = postgres
        patient.statementTimeout = .seconds(3600)  // a restored table of many events is written anew
        let pool = ConnectionPool(configuration: patient)
        let hasGranted = try await pool.transaction { db in
            _ = try AuditRepository.preparePartitions(on: db)
            try EventRepository.reorderRestored(on: db)
            return try RoleRepository.grant(script, makingRoles: makingRoles, on: db)
        }
        await pool.close()
        if hasGranted { print("The roles store_platform_application and store_platform_auditor have what they may do.") }
    }

    private static func printRoutes() {
        for row in Service.routeTable().rows {
            let permission = row.permission.map { JSONValue.string($0.rawValue) } ?? .null
            let line: JSONValue = ["method": .string(row.method), "path": .string(row.pattern), "permission": permission]
            print(line.text)
        }
    }

    private static func printFailPoints() {
        guard FailPoint.isCompiledIn else { return print("This is a release build: it has no fail points.") }
        for point in FailPoint.allCases { print(point.rawValue) }
    }

    private static func printManifests(_ words: [String], _ environment: [String: String]) throws {
        let plan = words.count > 1 ? PlanID(rawValue: words[1]) : .small
        var platform = try Configuration.platform(environment: environment)
        // The true one holds a password.
        if platform.registryConfiguration != nil { platform.registryConfiguration = "{\"auths\":{}}" }
        guard let manifests = EngineRegistry.sampleManifests(EngineID(rawValue: words[0]), plan, on: platform) else {
            let engines = EngineRegistry.all.map(\.id.rawValue).joined(separator: ", ")
            let plans = PlanSize.all.map(\.plan.rawValue).joined(separator: ", ")
            complain("store-platform: the engines are \(engines), and the plans \(plans)\n")
            exit(64)
        }
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(manifests.map(\.json))]
        print(list.text)
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
