import Engines
import Foundation
import Gateway
package import HTTP
package import JSON
import Repository
package import Services
package import Stores

/// `/api/v1/stores`
package struct StoreRoutes: Sendable {
    let service: StoreService

    package init(service: StoreService) {
        self.service = service
    }

    func create(_ request: Request, _ caller: Caller) async throws -> Response {
        var fields = try Fields(request, allowed: ["name", "engine", "plan", "slug", "country", "currency", "catalogue"])
        let order = StoreService.Order(
            name: fields.string("name"), engine: fields.string("engine"), plan: fields.optionalString("plan"),
            slug: fields.optionalString("slug"), country: fields.optionalString("country"),
            currency: fields.optionalString("currency"), catalogue: fields.optionalString("catalogue"),
            idempotencyKey: request.headers["Idempotency-Key"])
        try fields.check()
        let store = try await service.create(order, by: caller)
        return .store(store, status: .accepted).with("Location", "/api/v1/stores/\(store.id)")
    }

    package func list(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(["phase", "engine", "account", "q", "limit", "cursor"])
        var filter = StoreRepository.Filter()
        filter.phase = try request.queryValue("phase").map { try StoreRoutes.phase($0) }
        filter.engine = try request.queryValue("engine")
        filter.account = try request.queryValue("account")
        filter.text = try request.queryValue("q")
        filter.after = try request.queryValue("cursor").map { try StoreRepository.Cursor($0) }
        let limit = try request.integer("limit", in: 1...200, default: 50)
        filter.limit = limit + 1  // one more tells whether there is another page
        let stores = try await service.list(filter, by: caller)
        let page = stores.prefix(limit)
        let next =
            stores.count > limit ? page.last.map { StoreRepository.Cursor(createdAt: $0.createdAt, id: $0.id.text).text } : nil
        return .json(["items": .array(page.map(\.json)), "next": next.map { .string($0) } ?? .null])
    }

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        .store(try await service.show(try request.parameter("id"), by: caller))
    }

    package func rename(_ request: Request, _ caller: Caller) async throws -> Response {
        let id: StoreID = try request.parameter("id")
        var fields = try Fields(request, allowed: ["name"])
        let name = fields.string("name")
        try fields.check()
        return .store(try await service.rename(id, to: name, version: try request.ifMatchVersion(), by: caller))
    }

    func delete(_ request: Request, _ caller: Caller) async throws -> Response {
        let id: StoreID = try request.parameter("id")
        return .store(try await service.delete(id, version: try request.ifMatchVersion(), by: caller), status: .accepted)
    }

    func retry(_ request: Request, _ caller: Caller) async throws -> Response {
        let id: StoreID = try request.parameter("id")
        return .store(try await service.retry(id, version: try request.ifMatchVersion(), by: caller), status: .accepted)
    }

    func credentials(_ request: Request, _ caller: Caller) async throws -> Response {
        let (login, password) = try await service.credentials(of: try request.parameter("id"), by: caller)
        return .json(["username": .string(login.username), "password": .string(password), "url": .string(login.url)])
    }

    func resources(_ request: Request, _ caller: Caller) async throws -> Response {
        let resources = try await service.resources(of: try request.parameter("id"), by: caller)
        return .json([
            "items": .array(
                resources.map { resource in
                    [
                        "kind": .string(resource.kind), "name": .string(resource.name),
                        "stage": resource.stage.map { .string($0) } ?? .null,
                        "state": .string(resource.state.rawValue), "reason": resource.reason.map { .string($0) } ?? .null,
                        "message": .string(resource.message), "createdAt": resource.createdAt.map { .string($0) } ?? .null,
                    ]
                })
        ])
    }

    private static func phase(_ text: String) throws(Problem) -> StorePhase {
        guard let phase = StorePhase(rawValue: text) else {
            let known = StorePhase.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.badRequest, code: "invalid_parameter", detail: "“phase” must be one of: \(known).")
        }
        return phase
    }

}

extension StoreRepository.Cursor {
    /// Microseconds and id: opaque to clients.
    var text: String { "\(Int((createdAt.timeIntervalSince1970 * 1_000_000).rounded()))-\(id)" }

    init(_ text: String) throws(Problem) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int(parts[0]), microseconds > 0, microseconds < 1 << 53,
            parts[1].utf8.count <= 64,
            parts[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .badRequest, code: "invalid_cursor",
                detail: "This cursor is none of ours. Take “next” of the page before, as it is.")
        }
        self.init(createdAt: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), id: String(parts[1]))
    }
}

extension StoreID: PathParameter {
    package init?(pathSegment: String) { self.init(pathSegment) }
}

extension Response {
    fileprivate static func store(_ store: Store, status: Status = .ok) -> Response {
        .json(store.json, status: status).with("ETag", "\"\(store.version)\"")
    }
}

extension Store {
    /// The resource as clients see it.
    package var json: JSONValue {
        [
            "id": .string(id.text), "name": .string(name), "slug": .string(slug.text), "engine": .string(engine.rawValue),
            "plan": .string(plan.rawValue), "account": .string(account),
            "country": .string(shop.country), "currency": .string(shop.currency), "catalogue": .string(shop.catalogue.rawValue),
            "phase": .string(phase.rawValue),
            "reason": reason.map { .string($0) } ?? .null, "message": .string(message), "url": url.map { .string($0) } ?? .null,
            "createdAt": .string(RFC3339.milliseconds(createdAt)),
            "readyAt": readyAt.map { .string(RFC3339.milliseconds($0)) } ?? .null,
            "updatedAt": .string(RFC3339.milliseconds(updatedAt)),
            "version": .integer(version),
        ]
    }
}
