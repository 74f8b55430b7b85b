package import HTTP

/// Everything the service answers, on one screen.
package struct Routes: Sendable {
    let stores: StoreRoutes
    let events: EventRoutes
    let audit: AuditRoutes
    let catalogue: CatalogueRoutes
    let health: HealthRoutes
    let access: Access
    let audited: Audited
    let web: StaticFiles?

    package init(_ services: APIServices, web: StaticFiles?) {
        access = Access(tokens: services.tokens)
        audited = Audited(access: access, service: services.audit)
        stores = StoreRoutes(service: services.stores)
        events = EventRoutes(service: services.events)
        audit = AuditRoutes(service: services.audit)
        catalogue = CatalogueRoutes()
        health = HealthRoutes(services: services)
        self.web = web
    }

    package var router: Router {
        var router = Router()
        router.post("/api/v1/stores", audited("store.create", access.required(stores.create)))
        router.get("/api/v1/stores", access.required(stores.list))
        router.get("/api/v1/stores/{id}", access.required(stores.show))
        router.patch("/api/v1/stores/{id}", audited("store.rename", access.required(stores.rename)))
        router.delete("/api/v1/stores/{id}", audited("store.delete", access.required(stores.delete)))
        router.post("/api/v1/stores/{id}/retry", audited("store.retry", access.required(stores.retry)))
        router.post("/api/v1/stores/{id}/credentials", audited("store.credentials", access.required(stores.credentials)))
        router.get("/api/v1/stores/{id}/resources", access.required(stores.resources))
        router.get("/api/v1/stores/{id}/events", access.required(events.ofStore))
        router.get("/api/v1/events", access.required(events.ofAll))

        router.get("/api/v1/audit", access.required(audit.list))
        router.get("/api/v1/audit.csv", access.required(audit.csv))

        router.get("/api/v1/me", access.required(catalogue.me))
        router.get("/api/v1/engines", access.required(catalogue.engines))
        router.get("/api/v1/plans", access.required(catalogue.plans))

        router.get("/livez", health.live)
        router.get("/readyz", health.ready)
        router.get("/metrics", health.metrics)

        if let web {
            router.get("/", web.index)
            router.get("/{path...}", web.file)
        }
        return router
    }
}
