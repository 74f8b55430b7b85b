package import HTTP
import Stores

/// Everything the service answers, on one screen.
package struct Routes: Sendable {
    let stores: StoreRoutes
    let events: EventRoutes
    let audit: AuditRoutes
    let accounts: AccountRoutes
    let tokens: TokenRoutes
    let sessions: SessionRoutes
    let catalogue: CatalogueRoutes
    let health: HealthRoutes
    let access: Access
    let audited: Audited
    let shedding: LoadShedder
    let web: StaticFiles?

    package init(_ services: APIServices, web: StaticFiles?) {
        access = Access(
            tokens: services.tokens, sessions: services.sessions, accounts: services.accounts, limiter: services.limiter,
            settings: services.signIn)
        shedding = LoadShedder(access: access, longestWait: services.longestWait)
        audited = Audited(access: access, service: services.audit)
        stores = StoreRoutes(service: services.stores)
        events = EventRoutes(service: services.events)
        audit = AuditRoutes(service: services.audit)
        accounts = AccountRoutes(service: services.accounts)
        tokens = TokenRoutes(service: services.tokens)
        sessions = SessionRoutes(service: services.sessions, settings: services.signIn)
        catalogue = CatalogueRoutes()
        health = HealthRoutes(services: services)
        self.web = web
    }

    package var router: Router { table.router }

    package var table: RouteTable {
        var table = RouteTable(shedding: shedding)
        table.post("/api/v1/stores", audited("store.create", access.required(.createStores, stores.create)))
        table.get("/api/v1/stores", access.required(.readStores, stores.list))
        table.get("/api/v1/stores/{id}", access.required(.readStores, stores.show))
        table.patch("/api/v1/stores/{id}", audited("store.rename", access.required(.changeStores, stores.rename)))
        table.delete("/api/v1/stores/{id}", audited("store.delete", access.required(.deleteStores, stores.delete)))
        table.post("/api/v1/stores/{id}/retry", audited("store.retry", access.required(.changeStores, stores.retry)))
        table.post("/api/v1/stores/{id}/credentials", audited("store.credentials", access.required(.signIn, stores.credentials)))
        table.get("/api/v1/stores/{id}/resources", access.required(.readStores, stores.resources))
        table.get("/api/v1/stores/{id}/events", access.required(.readEvents, events.ofStore))
        table.get("/api/v1/events", access.required(.readEvents, events.ofAll))

        table.get("/api/v1/audit", access.required(.readAudit, audit.list))
        table.get("/api/v1/audit.csv", access.required(.readAudit, audit.csv))

        table.post("/api/v1/accounts", audited("account.open", access.required(.changeAccounts, accounts.open)))
        table.get("/api/v1/accounts", access.required(.readAccounts, accounts.list))
        table.get("/api/v1/accounts/{id}", access.required(.readAccounts, accounts.show))
        table.patch("/api/v1/accounts/{id}", audited("account.change", access.required(.changeAccounts, accounts.change)))
        table.delete("/api/v1/accounts/{id}", audited("account.close", access.required(.changeAccounts, accounts.close)))
        table.post("/api/v1/tokens", audited("token.issue", access.required(.changeTokens, tokens.issue)))
        table.get("/api/v1/tokens", access.required(.readTokens, tokens.list))
        table.get("/api/v1/tokens/{id}", access.required(.readTokens, tokens.show))
        table.delete("/api/v1/tokens/{id}", audited("token.revoke", access.required(.changeTokens, tokens.revoke)))

        table.post(SessionRoutes.path, audited("session.open", access.required(.readSelf, sessions.open)))
        table.get(SessionRoutes.path, access.required(.readSelf, sessions.show))
        table.delete(SessionRoutes.path, audited("session.close", access.required(.readSelf, sessions.close)))
        table.get("/api/v1/me", access.required(.readSelf, catalogue.me))
        table.get("/api/v1/engines", access.required(.readCatalogue, catalogue.engines))
        table.get("/api/v1/plans", access.required(.readCatalogue, catalogue.plans))

        table.openGet("/livez", health.live)
        table.openGet("/readyz", health.ready)
        table.openGet("/metrics", health.metrics)

        if let web {
            table.openGet("/", web.index)
            table.openGet("/{path...}", web.file)
        }
        return table
    }
}
