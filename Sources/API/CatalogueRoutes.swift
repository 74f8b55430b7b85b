import Engines
import Foundation
import HTTP
import JSON
import Services
import Stores

/// What can be ordered, and who is asking.
struct CatalogueRoutes: Sendable {
    func me(_ request: Request, _ caller: Caller) async throws -> Response {
        .json([
            "account": .string(caller.principal.account), "role": .string(caller.principal.role.rawValue),
            "name": .string(caller.principal.name),
        ])
    }

    func engines(_ request: Request, _ caller: Caller) async throws -> Response {
        let items: [JSONValue] = EngineRegistry.all.map {
            ["id": .string($0.id.rawValue), "name": .string($0.name), "description": .string($0.summary)]
        }
        return .json(["items": .array(items)])
    }

    func plans(_ request: Request, _ caller: Caller) async throws -> Response {
        let items: [JSONValue] = PlanSize.all.map { size in
            let totals = size.totals
            return [
                "id": .string(size.plan.rawValue), "name": .string(size.plan.rawValue.capitalized),
                "description": .string(size.summary),
                "cpu": .string(totals.cpu), "memory": .string(totals.memory), "storage": .string(totals.storage),
            ]
        }
        return .json(["items": .array(items)])
    }
}
