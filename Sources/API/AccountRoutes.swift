import HTTP
import JSON
import Services
import Stores

/// `/api/v1/accounts`
struct AccountRoutes: Sendable {
    let service: AccountService

    func open(_ request: Request, _ caller: Caller) async throws -> Response {
        var fields = try Fields(request, allowed: ["id", "name", "quota"])
        let (id, name) = (fields.optionalString("id"), fields.string("name"))
        var quota = Quota()
        fields.quota(into: &quota)
        try fields.check()
        let shown = try await service.open(id: id, name: name, quota: quota, by: caller)
        return .account(shown, status: .created).with("Location", "/api/v1/accounts/\(shown.account.id)")
    }

    func list(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(["limit", "cursor"])
        let limit = try request.integer("limit", in: 1...200, default: 50)
        let cursor = try request.queryValue("cursor")
        let accounts = try await service.list(after: cursor, limit: limit + 1, by: caller)
        let page = accounts.prefix(limit)
        let next = accounts.count > limit ? page.last.map { JSONValue.string($0.account.id) } : nil
        return .json(["items": .array(page.map { AccountRoutes.json($0) }), "next": next ?? .null])
    }

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        .account(try await service.show(try request.parameter("id"), by: caller))
    }

    func change(_ request: Request, _ caller: Caller) async throws -> Response {
        var fields = try Fields(request, allowed: ["name", "quota"])
        let name = fields.optionalString("name")
        var whole = Quota()
        fields.quota(into: &whole)
        try fields.check()
        let given = fields
        let shown = try await service.change(try request.parameter("id"), version: try request.ifMatchVersion(), by: caller) {
            account in
            if let name { account.name = name }
            var fields = given
            fields.quota(into: &account.quota)
        }
        return .account(shown)
    }

    func close(_ request: Request, _ caller: Caller) async throws -> Response {
        try await service.close(try request.parameter("id"), version: try request.ifMatchVersion(), by: caller)
        return Response(.noContent)
    }

    fileprivate static func json(_ shown: AccountService.Shown) -> JSONValue {
        let use = Quota(
            stores: shown.use.stores, cpu: shown.use.size.cpu, memory: shown.use.size.memory, storage: shown.use.size.storage)
        return [
            "id": .string(shown.account.id), "name": .string(shown.account.name), "quota": shown.account.quota.json,
            "used": use.json, "createdAt": .string(RFC3339.milliseconds(shown.account.createdAt)),
            "version": .integer(shown.account.version),
        ]
    }
}

extension Response {
    fileprivate static func account(_ shown: AccountService.Shown, status: Status = .ok) -> Response {
        .json(AccountRoutes.json(shown), status: status).with("ETag", "\"\(shown.account.version)\"")
    }
}

extension Fields {
    /// The members of `quota` that are given; null takes a limit away.
    fileprivate mutating func quota(into quota: inout Quota) {
        guard let given = optionalObject("quota") else { return }
        for (name, value) in given.members {
            switch name {
            case "stores":
                switch value {
                case .null: quota.stores = nil
                case .integer(let number) where (0...1_000_000).contains(number): quota.stores = number
                default: fault("quota.stores", "“quota.stores” must be a whole number from 0 to 1000000, or null for no limit.")
                }
            case "cpu": quota.cpu = amount(name, value, .thousandths, "as “2” or “500m”")
            case "memory": quota.memory = amount(name, value, .bytes, "as “4Gi” or “512Mi”")
            case "storage": quota.storage = amount(name, value, .bytes, "as “20Gi”")
            default:
                fault(
                    "quota.\(name.prefix(64))", "There is no limit “\(name.prefix(64))”. Known are: cpu, memory, storage, stores.")
            }
        }
    }

    private mutating func amount(_ name: String, _ value: JSONValue, _ unit: Quantity.Unit, _ examples: String) -> Int? {
        if value.isNull { return nil }
        if let amount = value.string.flatMap({ Quantity.amount($0, unit) }) { return amount }
        fault("quota.\(name)", "“quota.\(name)” must be an amount \(examples), or null for no limit.")
        return nil
    }
}
