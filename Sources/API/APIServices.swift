package import HTTP
package import Services

/// What the routes call.
package struct APIServices: Sendable {
    package let stores: StoreService
    package let events: EventService
    package let accounts: AccountService
    package let tokens: TokenService
    package let audit: AuditService
    package let sessions: SessionService
    package let limiter: RateLimiter
    package let signIn: SignInSettings
    /// How long the one has waited for the database that came first; nil where nobody waits.
    package let longestWait: @Sendable () -> Duration?
    /// Whether the service can do its work: nil, or what is missing.
    package let unreadiness: @Sendable () async -> String?
    /// Numbers for the metrics, by name.
    package let gauges: @Sendable () -> [(name: String, help: String, value: Double)]

    package init(
        stores: StoreService, events: EventService, accounts: AccountService, tokens: TokenService, audit: AuditService,
        sessions: SessionService, limiter: RateLimiter, signIn: SignInSettings,
        longestWait: @escaping @Sendable () -> Duration?, unreadiness: @escaping @Sendable () async -> String?,
        gauges: @escaping @Sendable () -> [(name: String, help: String, value: Double)]
    ) {
        self.stores = stores
        self.events = events
        self.accounts = accounts
        self.tokens = tokens
        self.audit = audit
        self.sessions = sessions
        self.limiter = limiter
        self.signIn = signIn
        self.longestWait = longestWait
        self.unreadiness = unreadiness
        self.gauges = gauges
    }
}

/// A handler that is told who calls.
package typealias CallerHandler = @Sendable (Request, Caller) async throws -> Response
