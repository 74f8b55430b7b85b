import Foundation
import HTTP
import JSON
import Services
import Stores

/// `/api/v1/session`: a browser's sign-in.
struct SessionRoutes: Sendable {
    static let path = "/api/v1/session"

    let service: SessionService
    let settings: SignInSettings

    private var cookie: SessionCookie { settings.cookie }

    /// Opens a session for who shows a token or comes through a trusted proxy. A session opens no other.
    func open(_ request: Request, _ caller: Caller) async throws -> Response {
        guard try request.headers["Authorization"] != nil || settings.principal(vouchedForIn: request) != nil else {
            throw StoreError.unauthenticated
        }
        let (session, secret) = try await service.open(by: caller)
        let lifetime = Int(service.lifetime.components.seconds)
        return .json(SessionRoutes.json(session.principal, secret, session.expiresAt), status: .created)
            .with("Set-Cookie", cookie.field(secret, lifetime: lifetime))
    }

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        guard request.headers["Authorization"] == nil, let secret = try cookie.secret(in: request) else {
            return .json(SessionRoutes.json(caller.principal, nil, nil))
        }
        let session = try await service.session(holding: secret)
        return .json(SessionRoutes.json(session.principal, secret, session.expiresAt))
    }

    func close(_ request: Request, _ caller: Caller) async throws -> Response {
        if let secret = try cookie.secret(in: request) { try await service.close(secret, by: caller) }
        return Response(.noContent).with("Set-Cookie", cookie.ended)
    }

    private static func json(_ principal: Principal, _ secret: String?, _ expiresAt: Date?) -> JSONValue {
        [
            "name": .string(principal.name), "role": .string(principal.role.rawValue), "account": .string(principal.account),
            "permissions": .array(Permission.allCases.filter(principal.role.permissions.contains).map { .string($0.rawValue) }),
            "csrfToken": secret.map { .string(SessionService.proof(of: $0)) } ?? .null,
            "expiresAt": expiresAt.map { .string(RFC3339.milliseconds($0)) } ?? .null,
        ]
    }
}
