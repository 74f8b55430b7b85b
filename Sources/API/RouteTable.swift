import HTTP
package import Stores

/// What the service answers, with what each route needs: the router is made of it, and tests walk it.
package struct RouteTable: Sendable {
    package struct Row: Sendable {
        package let method: String
        package let pattern: String
        /// Nil where nobody is asked who they are.
        package let permission: Permission?
    }

    package private(set) var rows: [Row] = []
    private(set) var router = Router()
    private let shedding: LoadShedder

    init(shedding: LoadShedder) { self.shedding = shedding }

    mutating func get(_ pattern: String, _ guarded: Guarded) { add("GET", pattern, guarded) }
    mutating func post(_ pattern: String, _ guarded: Guarded) { add("POST", pattern, guarded) }
    mutating func patch(_ pattern: String, _ guarded: Guarded) { add("PATCH", pattern, guarded) }
    mutating func delete(_ pattern: String, _ guarded: Guarded) { add("DELETE", pattern, guarded) }

    /// For everybody.
    mutating func openGet(_ pattern: String, _ handler: @escaping Handler) { add("GET", pattern, nil, handler) }

    private mutating func add(_ method: String, _ pattern: String, _ guarded: Guarded) {
        add(method, pattern, guarded.permission, shedding(guarded).handler)
    }

    private mutating func add(_ method: String, _ pattern: String, _ permission: Permission?, _ handler: @escaping Handler) {
        rows.append(Row(method: method, pattern: pattern, permission: permission))
        router.add(method, pattern, handler)
    }
}
