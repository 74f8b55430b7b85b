import Foundation
import HTTP
import JSON
import Repository
import Services
import Stores

/// `/api/v1/tokens`
struct TokenRoutes: Sendable {
    let service: TokenService

    func issue(_ request: Request, _ caller: Caller) async throws -> Response {
        var fields = try Fields(request, allowed: ["account", "role", "name", "expiresAt"])
        let order = TokenService.Order(
            account: fields.string("account"), role: fields.string("role"), name: fields.string("name"),
            expiresAt: fields.optionalTime("expiresAt"))
        try fields.check()
        let (token, text) = try await service.issue(order, by: caller)
        var shown = token.json
        shown["token"] = .string(text)  // this once: nobody can read it again
        return .json(shown, status: .created).with("Location", "/api/v1/tokens/\(token.id)")
    }

    func list(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(["account", "limit", "cursor"])
        let limit = try request.integer("limit", in: 1...200, default: 50)
        let cursor = try request.queryValue("cursor").map { try StoreRepository.Cursor($0) }
        let tokens = try await service.list(of: try request.queryValue("account"), after: cursor, limit: limit + 1, by: caller)
        let page = tokens.prefix(limit)
        let next = tokens.count > limit ? page.last.map { StoreRepository.Cursor(createdAt: $0.createdAt, id: $0.id).text } : nil
        return .json(["items": .array(page.map(\.json)), "next": next.map { .string($0) } ?? .null])
    }

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        .json(try await service.show(try request.parameter("id"), by: caller).json)
    }

    func revoke(_ request: Request, _ caller: Caller) async throws -> Response {
        .json(try await service.revoke(try request.parameter("id"), by: caller).json)
    }
}

extension Token {
    fileprivate var json: JSONValue {
        func time(_ date: Date?) -> JSONValue { date.map { .string(RFC3339.milliseconds($0)) } ?? .null }
        return [
            "id": .string(id), "account": .string(account), "role": .string(role.rawValue), "name": .string(name),
            "createdAt": time(createdAt), "createdBy": createdBy.map { .string($0) } ?? .null, "expiresAt": time(expiresAt),
            "revokedAt": time(revokedAt), "lastUsedAt": time(lastUsedAt),
        ]
    }
}
