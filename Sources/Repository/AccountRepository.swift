package import Postgres
package import Stores

/// The rows of `accounts`. One that is closed stays as a tombstone, and no method but `exists` sees it.
package enum AccountRepository {
    private static let columns: SQL =
        "id, name, quota_stores, quota_cpu, quota_memory, quota_storage, created_at, version"

    package static func find(_ id: String, only account: String? = nil, on db: isolated Connection) throws(PostgresError)
        -> Account?
    {
        var sql: SQL = "SELECT " + columns + " FROM accounts WHERE id = \(id) AND deleted_at IS NULL"
        if let account { sql += " AND id = \(account)" }
        return try db.query(sql).first.map(self.account)
    }

    /// The row, locked until the transaction ends: what is counted of its stores stays true until then.
    package static func lock(_ id: String, on db: isolated Connection) throws(PostgresError) -> Account? {
        let sql: SQL = "SELECT " + columns + " FROM accounts WHERE id = \(id) AND deleted_at IS NULL FOR NO KEY UPDATE"
        return try db.query(sql).first.map(account)
    }

    /// By id, behind the one that ended the page before.
    package static func page(
        after id: String?, only account: String?, limit: Int, on db: isolated Connection
    ) throws(PostgresError) -> [Account] {
        var sql: SQL = "SELECT " + columns + " FROM accounts WHERE deleted_at IS NULL"
        if let id { sql += " AND id > \(id)" }
        if let account { sql += " AND id = \(account)" }
        sql += " ORDER BY id LIMIT \(limit)"
        return try db.query(sql).map(self.account)
    }

    /// - Returns: the new row; nil where the id is taken, also by one that is closed.
    package static func insert(_ id: String, name: String, quota: Quota, on db: isolated Connection) throws(PostgresError)
        -> Account?
    {
        try db.query(
            """
            INSERT INTO accounts (id, name, quota_stores, quota_cpu, quota_memory, quota_storage)
            VALUES (\(id), \(name), \(quota.stores), \(quota.cpu), \(quota.memory), \(quota.storage))
            ON CONFLICT (id) DO NOTHING RETURNING
            """ + " " + columns
        ).first.map(account)
    }

    /// - Returns: the row as it is then; nil where its version is another.
    package static func update(_ account: Account, on db: isolated Connection) throws(PostgresError) -> Account? {
        let quota = account.quota
        return try db.query(
            """
            UPDATE accounts SET name = \(account.name), quota_stores = \(quota.stores), quota_cpu = \(quota.cpu),
                quota_memory = \(quota.memory), quota_storage = \(quota.storage), version = version + 1
            WHERE id = \(account.id) AND version = \(account.version) AND deleted_at IS NULL RETURNING
            """ + " " + columns
        ).first.map(self.account)
    }

    /// Closes an account; its tokens end with it.
    package static func close(_ id: String, on db: isolated Connection) throws(PostgresError) {
        try db.execute("UPDATE accounts SET deleted_at = now(), version = version + 1 WHERE id = \(id) AND deleted_at IS NULL")
        try db.execute("UPDATE tokens SET revoked_at = now() WHERE account_id = \(id) AND revoked_at IS NULL")
    }

    /// What living stores hold, by account: of one account, or of all that have any.
    ///
    /// - Parameter sizes: of each plan, for rows of a version that did not note their size.
    package static func use(
        of accounts: [String], sizes: [PlanID: StoreSize], on db: isolated Connection
    ) throws(PostgresError) -> [String: QuotaUse] {
        let plans = sizes.sorted { $0.key.rawValue < $1.key.rawValue }
        let rows = try db.query(
            """
            SELECT account_id, count(*) AS stores, coalesce(sum(coalesce(s.cpu, p.cpu)), 0)::bigint AS cpu,
                coalesce(sum(coalesce(s.memory, p.memory)), 0)::bigint AS memory,
                coalesce(sum(coalesce(s.storage, p.storage)), 0)::bigint AS storage
            FROM stores s LEFT JOIN unnest(\(plans.map(\.key.rawValue))::text[], \(plans.map { String($0.value.cpu) })::bigint[],
                \(plans.map { String($0.value.memory) })::bigint[], \(plans.map { String($0.value.storage) })::bigint[])
                AS p (plan, cpu, memory, storage) ON p.plan = s.plan
            WHERE account_id = ANY (\(accounts)) AND phase <> 'deleted' GROUP BY account_id
            """)
        var uses: [String: QuotaUse] = [:]
        for row in rows {
            let size = StoreSize(cpu: try row.decode("cpu"), memory: try row.decode("memory"), storage: try row.decode("storage"))
            uses[try row.decode("account_id")] = QuotaUse(stores: try row.decode("stores"), size: size)
        }
        return uses
    }

    private static func account(_ row: Row) throws(PostgresError) -> Account {
        let quota = Quota(
            stores: try row.decodeIfPresent("quota_stores"), cpu: try row.decodeIfPresent("quota_cpu"),
            memory: try row.decodeIfPresent("quota_memory"), storage: try row.decodeIfPresent("quota_storage"))
        return Account(
            id: try row.decode("id"), name: try row.decode("name"), quota: quota, createdAt: try row.decode("created_at"),
            version: try row.decode("version"))
    }
}
