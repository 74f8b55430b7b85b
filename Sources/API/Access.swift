import HTTP
import Services
import Stores

/// A handler with what it takes to be let in.
struct Guarded: Sendable {
    let permission: Permission
    let handler: Handler
}

/// Lets only those in who bear a token and whose role has what the route needs.
struct Access: Sendable {
    let tokens: TokenService

    func required(_ permission: Permission, _ handler: @escaping CallerHandler) -> Guarded {
        Guarded(permission: permission) { request in
            let caller = try await caller(of: request)
            guard caller.principal.role.permissions.contains(permission) else {
                throw StoreError.forbidden(permission, caller.principal.role)
            }
            let response = try await handler(request, caller).with("Cache-Control", "no-store")
            return response.whileStreaming { try await isStill(caller, of: request) }
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

    /// Whether a stream may go on: a database that cannot be asked ends nothing.
    private func isStill(_ caller: Caller, of request: Request) async throws -> Bool {
        do {
            return try await self.caller(of: request).principal == caller.principal
        } catch StoreError.unauthenticated {
            return false
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return true
        }
    }
}

extension Response {
    /// Cuts a streamed body off within about a second once the condition no longer holds.
    fileprivate func whileStreaming(_ isAllowed: @Sendable @escaping () async throws -> Bool) -> Response {
        guard case .stream(let produce) = body else { return self }
        var copy = self
        copy.body = .stream { writer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await produce(writer) }
                group.addTask {
                    while try await isAllowed() { try await Task.sleep(for: .milliseconds(500)) }
                    throw StoreError.unauthenticated
                }
                try await group.next()
                group.cancelAll()
            }
        }
        return copy
    }
}
