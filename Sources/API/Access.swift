package import HTTP
package import Services
package import Stores

/// A handler with what it takes to be let in.
package struct Guarded: Sendable {
    let permission: Permission
    package let handler: Handler
}

/// Lets in who is known, whose role has what the route needs, and who does not ask too often.
package struct Access: Sendable {
    let tokens: TokenService
    let sessions: SessionService
    let accounts: AccountService
    let limiter: RateLimiter
    let settings: SignInSettings

    package init(
        tokens: TokenService, sessions: SessionService, accounts: AccountService, limiter: RateLimiter, settings: SignInSettings
    ) {
        self.tokens = tokens
        self.sessions = sessions
        self.accounts = accounts
        self.limiter = limiter
        self.settings = settings
    }

    package func required(_ permission: Permission, _ handler: @escaping CallerHandler) -> Guarded {
        Guarded(permission: permission) { request in
            let address = request.clientAddress(trusting: settings.trustedProxies)
            try limiter.admit(address: AddressRange.household(of: address))
            let principal = try await principal(of: request, from: address)
            let name = principal.tokenID ?? "user \(principal.name)"
            var verdicts = [try limiter.admit(caller: name)]
            guard principal.role.permissions.contains(permission) else {
                throw StoreError.forbidden(permission, principal.role)
            }
            if permission == .createStores { verdicts.append(try await limiter.admitOrder(of: name)) }
            let caller = Caller(principal: principal, remoteAddress: address, requestID: request.id)
            var response = try await handler(request, caller).with("Cache-Control", "no-store")
            for field in HTTPFields(limits: verdicts.compactMap(\.self)).all { response.headers.add(field.name, field.value) }
            guard case .stream = response.body else { return response }
            return response.holding(try limiter.admitStream(of: name)).whileStreaming { try await isStill(principal, of: request) }
        }
    }

    /// Who sends a request, for its record; nil for one who has not shown it. Nothing is looked up that was not good when the request was
    /// let in: an address that is barred must not learn of a guess here.
    func knownPrincipal(of request: Request) async -> Principal? {
        do {
            return try await principal(of: request) { isKnown in guard isKnown else { throw StoreError.unauthenticated } }
        } catch {
            return nil
        }
    }

    /// Whether a request shows a token or cookie that was good when it was last looked up; nobody is asked for it.
    func isKnown(_ request: Request) -> Bool {
        do {
            if request.headers["Authorization"] != nil { return tokens.hasBeenGood(try request.bearerToken()) }
            return try settings.cookie.secret(in: request).map(sessions.hasBeenGood) ?? false
        } catch {
            return false
        }
    }

    func address(of request: Request) -> String { request.clientAddress(trusting: settings.trustedProxies) }

    func admitsRefusalRecord(of request: Request) -> Bool {
        limiter.admitsRefusalRecord(of: AddressRange.household(of: address(of: request)))
    }

    /// A token counts before a cookie, and a cookie before what a proxy says.
    private func principal(of request: Request, from address: String) async throws -> Principal {
        let household = AddressRange.household(of: address)
        do {
            return try await principal(of: request) { isKnown in
                if !isKnown { try limiter.admitSignIn(from: household) }
            }
        } catch StoreError.unauthenticated where request.showsCredential {
            try limiter.admitSignIn(from: household)  // one that is barred already costs nothing more
            try await limiter.noteFailure(from: household)
            throw refusal(of: request)
        }
    }

    /// Has the browser forget a cookie that is not good: no script could, and it would be in the way of whoever signs in next.
    private func refusal(of request: Request) -> Problem {
        var problem = Problem(StoreError.unauthenticated) { _ in }
        if request.headers["Authorization"] == nil { problem.headers["Set-Cookie"] = settings.cookie.ended }
        return problem
    }

    private func principal(of request: Request, beforeLookUp: (_ isKnown: Bool) throws -> Void) async throws -> Principal {
        if request.headers["Authorization"] != nil {
            let token = try request.bearerToken()
            try beforeLookUp(tokens.hasBeenGood(token))
            return try await tokens.principal(bearing: token)
        }
        // Who signs in by a proxy does so whatever cookie the browser has kept of somebody before.
        if request.opensSession, let principal = try await principal(vouchedForIn: request) { return principal }
        if let secret = try settings.cookie.secret(in: request) {
            try beforeLookUp(sessions.hasBeenGood(secret))
            let principal = try await sessions.session(holding: secret).principal
            // Behind a proxy another person may sit before the browser by now. Who signed in with a token is none of the proxy's.
            if principal.tokenID == nil, let vouchedFor = try settings.principal(vouchedForIn: request), vouchedFor != principal {
                throw StoreError.unauthenticated
            }
            guard request.changesNothing || request.proves(secret) else { throw StoreError.proofMissing }
            return principal
        }
        guard let vouchedFor = try await principal(vouchedForIn: request) else { throw StoreError.unauthenticated }
        // The proxy's own cookie is sent along whoever made the page: a change needs a session, and its proof.
        guard request.changesNothing || request.path == SessionRoutes.path else { throw StoreError.proofMissing }
        return vouchedFor
    }

    /// The setting gives roles in accounts that nobody need have opened.
    private func principal(vouchedForIn request: Request) async throws -> Principal? {
        guard let principal = try settings.principal(vouchedForIn: request) else { return nil }
        guard try await accounts.isOpen(principal.account) else {
            throw StoreError.withoutAccount(name: principal.name, account: principal.account)
        }
        return principal
    }

    /// Whether a stream may go on: a database that cannot be asked ends nothing.
    private func isStill(_ principal: Principal, of request: Request) async throws -> Bool {
        do {
            return try await self.principal(of: request) { _ in } == principal
        } catch is StoreError {
            return false
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return true
        }
    }
}

extension Request {
    fileprivate var changesNothing: Bool { method == "GET" || method == "HEAD" }

    fileprivate var opensSession: Bool { method == "POST" && path == SessionRoutes.path }

    /// Whether something was sent that could have been guessed.
    fileprivate var showsCredential: Bool {
        headers["Authorization"] != nil || headers.values(of: "Cookie").contains { $0.contains("store-platform=") }
    }

    fileprivate func proves(_ secret: String) -> Bool {
        let proofs = headers.values(of: "X-CSRF-Token")
        return proofs.count == 1 && SessionService.isProof(proofs[0], of: secret)
    }

    fileprivate func bearerToken() throws(StoreError) -> String {
        let fields = headers.values(of: "Authorization")
        guard fields.count == 1, let field = fields.first, let space = field.firstIndex(of: " "),
            field[..<space].lowercased() == "bearer"
        else { throw StoreError.unauthenticated }
        let token = field[field.index(after: space)...].drop { $0 == " " }
        guard !token.isEmpty, token.utf8.count <= 512, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StoreError.unauthenticated
        }
        return String(token)
    }
}

extension Response {
    /// Holds a place until the streamed body has ended, or was dropped before it began.
    fileprivate func holding(_ place: OpenStreams.Place) -> Response {
        streaming { produce, writer in
            try await produce(writer)
            withExtendedLifetime(place) {}
        }
    }

    /// Cuts a streamed body off within a second once the condition no longer holds.
    fileprivate func whileStreaming(_ isAllowed: @Sendable @escaping () async throws -> Bool) -> Response {
        streaming { produce, writer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await produce(writer) }
                group.addTask {
                    while try await isAllowed() { try await Task.sleep(for: .milliseconds(300)) }
                    throw StoreError.unauthenticated
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private typealias Produce = @Sendable (ResponseWriter) async throws -> Void

    private func streaming(_ write: @escaping @Sendable (@escaping Produce, ResponseWriter) async throws -> Void) -> Response {
        guard case .stream(let produce) = body else { return self }
        var copy = self
        copy.body = .stream { writer in try await write(produce, writer) }
        return copy
    }
}
