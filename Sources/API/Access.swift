import HTTP
import Services
import Stores

/// Lets only those in who bear a token.
struct Access: Sendable {
    let tokens: TokenService

    func required(_ handler: @escaping CallerHandler) -> Handler {
        { request in
            let caller = try await caller(of: request)
            return try await handler(request, caller).with("Cache-Control", "no-store")
        }
    }

    func caller(of request: Request) async throws -> Caller {
        let fields = request.headers.values(of: "Authorization")
        guard fields.count == 1, let field = fields.first, let space = field.firstIndex(of: " "),
            field[..<space].lowercased() == "bearer"
        else { throw StoreError.unauthenticated }
        let token = field[field.index(after: space)...].drop { $0 == " " }
        guard !token.isEmpty, token.utf8.count <= 512, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StoreError.unauthenticated
        }
        let principal = try await tokens.principal(bearing: String(token))
        return Caller(principal: principal, remoteAddress: request.remoteAddress, requestID: request.id)
    }
}
