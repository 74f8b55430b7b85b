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

    mutating func get(_ pattern: String, _ guarded: Guarded) { add("GET", pattern, guarded.permission, guarded.handler) }
    mutating func post(_ pattern: String, _ guarded: Guarded) { add("POST", pattern, guarded.permission, guarded.handler) }
    mutating func patch(_ pattern: String, _ guarded: Guarded) { add("PATCH", pattern, guarded.permission, guarded.handler) }
    mutating func delete(_ pattern: String, _ guarded: Guarded) { add("DELETE", pattern, guarded.permission, guarded.handler) }

    /// For everybody.
    mutating func openGet(_ pattern: String, _ handler: @escaping Handler) { add("GET", pattern, nil, handler) }
    mutating func openPost(_ pattern: String, _ handler: @escaping Handler) { add("POST", pattern, nil, handler) }

    private mutating func add(_ method: String, _ pattern: String, _ permission: Permission?, _ handler: @escaping Handler) {
        rows.append(Row(method: method, pattern: pattern, permission: permission))
        router.add(method, pattern, handler)
    }
}
