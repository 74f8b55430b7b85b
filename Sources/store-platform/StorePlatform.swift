import API
import FailPoints
import Foundation
import JSON
import Postgres
import Stores

@main
struct StorePlatform {
    static let usage = """
        Store Platform: shops on Kubernetes, one request each. Configured by the environment; see docs/configuration.md.

        usage: store-platform [command]
          serve        answer requests and look after the stores (without a command, too)
          migrate      bring the database up to date, and end
          permissions  print who may do what as a Markdown table, and end
          routes       print every route and the permission it needs as lines of JSON, and end
          fail-points  print the places where a debug build can be made to end itself, and end
          check        print what was read from the environment, secrets masked, and end
          help         this text

        """

    static func main() async {
        let command = CommandLine.arguments.dropFirst().first ?? "serve"
        guard CommandLine.arguments.count <= 2,
            ["serve", "migrate", "check", "permissions", "routes", "fail-points", "help", "--help", "-h"].contains(command)
        else {
            complain(
                "store-platform: there is no command “\(CommandLine.arguments.dropFirst().joined(separator: " "))”\n\n\(usage)")
            exit(64)
        }
        if ["help", "--help", "-h"].contains(command) { return print(usage, terminator: "") }
        if command == "permissions" { return print(Permission.table) }
        if command == "routes" { return printRoutes() }
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
            case "migrate":
                let applied = try await Migrator(migrations: Migration.all(in: configuration.migrations)).migrate(
                    configuration.postgres)
                print(applied.isEmpty ? "The database is up to date." : "Applied: \(applied.joined(separator: ", "))")
            default: try await Service(configuration).run()
            }
        } catch {
            complain("store-platform: \(error)\n")
            exit(1)
        }
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

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
