package import Postgres

/// The database roles beside the owner, and what each may do: `migrations/roles.sql`.
package enum RoleRepository {
    /// Makes the roles that are missing and grants each what it may do, also of what is new.
    /// - Parameter isFirst: whether to make them where there are none; else only roles that are there are granted anything.
    /// - Returns: whether anything was granted.
    package static func grant(_ script: String, makingRoles isFirst: Bool, on db: isolated Connection) throws(PostgresError) -> Bool
    {
        let roles = try db.query("SELECT FROM pg_roles WHERE rolname IN ('store_platform_application', 'store_platform_auditor')")
        guard isFirst || roles.count == 2 else { return false }
        try db.executeScript(script)
        return true
    }
}
