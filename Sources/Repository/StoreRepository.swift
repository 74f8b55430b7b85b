package import Foundation
package import Postgres
package import Stores

/// The rows of `stores`. Every method takes the connection, so that a caller decides what is one transaction.
package enum StoreRepository {
    private static let columns: SQL = """
        id, name, slug, engine, plan, account_id, desired, generation, phase, reason, message, url, namespace_uid, version, created_at, updated_at,
        ready_at, attempted_at, seal, manifests_hash, relapses, relapsed_at, well_since, country, currency, catalogue
        """

    // MARK: Reading

    /// - Parameter account: where given, a store of another is not found.
    package static func find(_ id: StoreID, only account: String? = nil, on db: isolated Connection) throws(PostgresError) -> Store?
    {
        var sql: SQL = "SELECT " + columns + " FROM stores WHERE id = \(id.text)"
        if let account { sql += " AND account_id = \(account)" }
        return try db.query(sql).first.map(store)
    }

    /// The living store at an address.
    package static func find(slug: Slug, on db: isolated Connection) throws(PostgresError) -> Store? {
        try db.query("SELECT " + columns + " FROM stores WHERE slug = \(slug.text) AND phase <> 'deleted'").first.map(store)
    }

    /// How long the key of a request is remembered.
    private static let keyLife: SQL = "interval '24 hours'"

    /// The store that a request with this key has made within a day, and the hash of that request.
    package static func find(
        idempotencyKey: String, account: String, on db: isolated Connection
    ) throws(PostgresError) -> (store: Store, requestHash: [UInt8])? {
        let rows = try db.query(
            "SELECT " + columns
                + ", request_sha256 FROM stores WHERE account_id = \(account) AND idempotency_key = \(idempotencyKey)"
                + " AND created_at > now() - " + keyLife)
        guard let row = rows.first else { return nil }
        return (try store(row), try row.decodeIfPresent("request_sha256", as: Bytea.self)?.bytes ?? [])
    }

    package struct Filter: Sendable {
        package var phase: StorePhase?
        package var engine: String?
        package var account: String?
        /// The only account that the asker sees; nil for one that sees every.
        package var onlyAccount: String?
        /// Part of the name or the address, whatever its case.
        package var text: String?
        /// Behind this one, newest first.
        package var after: Cursor?
        package var limit = 50

        package init() {}
    }

    /// Where a page ends: newest first, and by id among those of one moment.
    package struct Cursor: Sendable, Hashable {
        package let createdAt: Date
        package let id: String

        package init(createdAt: Date, id: String) {
            self.createdAt = createdAt
            self.id = id
        }
    }

    /// A page, newest first. Tombstones only where they are asked for by phase.
    package static func page(_ filter: Filter, on db: isolated Connection) throws(PostgresError) -> [Store] {
        var sql: SQL = "SELECT " + columns + " FROM stores WHERE "
        if let phase = filter.phase { sql += "phase = \(phase.rawValue)" } else { sql += "phase <> 'deleted'" }
        if let engine = filter.engine { sql += " AND engine = \(engine)" }
        if let account = filter.account { sql += " AND account_id = \(account)" }
        if let account = filter.onlyAccount { sql += " AND account_id = \(account)" }
        if let text = filter.text {
            let pattern =
                "%" + text.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
            sql += " AND (lower(name) LIKE \(pattern) OR slug LIKE \(pattern))"
        }
        if let cursor = filter.after { sql += " AND (created_at, id) < (\(cursor.createdAt), \(cursor.id))" }
        sql += " ORDER BY created_at DESC, id DESC LIMIT \(filter.limit)"
        return try db.query(sql).map(store)
    }

    /// Ids of every store that is not a tombstone, with what is wanted and what was seen: what the reconciler compares.
    package static func allLiving(on db: isolated Connection) throws(PostgresError) -> [Outline] {
        try db.query("SELECT id, desired, phase, engine, plan, seal, manifests_hash FROM stores WHERE phase <> 'deleted'").map {
            row throws(PostgresError) in
            Outline(
                id: try id(row), desired: try value(row, "desired"), phase: try value(row, "phase"),
                engine: EngineID(rawValue: try row.decode("engine")), plan: PlanID(rawValue: try row.decode("plan")),
                seal: try row.decodeIfPresent("seal"), manifestsHash: try row.decodeIfPresent("manifests_hash"))
        }
    }

    /// What of a row the reconciler compares with the cluster.
    package struct Outline: Sendable, Hashable {
        package let id: StoreID
        package let desired: DesiredState
        package let phase: StorePhase
        package let engine: EngineID
        package let plan: PlanID
        package let seal: String?
        package let manifestsHash: String?
    }

    package static func counts(on db: isolated Connection) throws(PostgresError) -> [(phase: String, count: Int)] {
        try db.query("SELECT phase, count(*) AS count FROM stores GROUP BY phase ORDER BY phase").map { row throws(PostgresError) in
            (try row.decode("phase"), try row.decode("count"))
        }
    }

    /// How many stores live on the whole platform, by engine and plan; nobody else may count until the transaction ends.
    package static func lockLivingKinds(
        on db: isolated Connection
    ) throws(PostgresError) -> [(kind: StoreKind, count: Int)] {
        let key = 7_305_804_402_566_529_361  // any number that nobody else locks
        _ = try db.query("SELECT pg_advisory_xact_lock(\(key))")
        return try db.query("SELECT engine, plan, count(*) AS count FROM stores WHERE phase <> 'deleted' GROUP BY engine, plan").map
        {
            row throws(PostgresError) in
            let kind = StoreKind(EngineID(rawValue: try row.decode("engine")), PlanID(rawValue: try row.decode("plan")))
            return (kind, try row.decode("count"))
        }
    }

    // MARK: Writing

    /// - Throws: `.uniqueViolation` of `stores_slug_is_unique` or `stores_idempotency_key_is_unique`.
    package static func insert(
        _ store: Store, size: StoreSize? = nil, idempotencyKey: String?, requestHash: [UInt8]?, on db: isolated Connection
    ) throws(PostgresError) {
        try db.execute(
            """
            INSERT INTO stores (id, name, slug, engine, plan, account_id, desired, phase, reason, message, created_at, updated_at, attempted_at,
                cpu, memory, storage, idempotency_key, request_sha256, country, currency, catalogue)
            VALUES (\(store.id.text), \(store.name), \(store.slug.text), \(store.engine.rawValue), \(store.plan.rawValue), \(store.account),
                \(store.desired.rawValue), \(store.phase.rawValue), \(store.reason), \(store.message), \(store.createdAt), \(store.updatedAt),
                \(store.attemptedAt), \(size?.cpu), \(size?.memory), \(size?.storage), \(idempotencyKey), \(requestHash.map { Bytea($0) }),
                \(store.shop.country), \(store.shop.currency), \(store.shop.catalogue.rawValue))
            """)
    }

    /// Gives a key free again that was used more than a day ago.
    package static func forgetExpired(
        idempotencyKey: String, account: String, on db: isolated Connection
    ) throws(PostgresError) {
        try db.execute(
            """
            UPDATE stores SET idempotency_key = NULL, request_sha256 = NULL
            WHERE account_id = \(account) AND idempotency_key = \(idempotencyKey) AND created_at <= now() - 
            """ + keyLife)
    }

    /// The same for all, so many at a time.
    /// - Returns: how many there were.
    package static func forgetExpiredKeys(limit: Int, on db: isolated Connection) throws(PostgresError) -> Int {
        try db.execute(
            """
            UPDATE stores SET idempotency_key = NULL, request_sha256 = NULL WHERE id IN (
                SELECT id FROM stores WHERE idempotency_key IS NOT NULL AND created_at <= now() - 
            """ + keyLife + " LIMIT \(limit) FOR NO KEY UPDATE SKIP LOCKED)")
    }

    /// Moves a store whose namespace is not there away from an address at which another was found running.
    /// - Returns: the store that has moved.
    package static func moveAside(
        from slug: Slug, unlessPresent present: [StoreID], on db: isolated Connection
    ) throws(PostgresError) -> StoreID? {
        try db.query(
            """
            UPDATE stores SET slug = left(slug, 34) || '-' || left(id, 5), generation = generation + 1, version = version + 1, seal = NULL,
                updated_at = clock_timestamp()
            WHERE slug = \(slug.text) AND phase <> 'deleted' AND id <> ALL (\(present.map(\.text))) RETURNING id
            """
        ).first.map(id)
    }

    /// Writes a row again from what its namespace remembers of it.
    /// - Parameter size: what its plan promises now; what it promised when the store was ordered is not known any more.
    /// - Returns: false where there is a row, or a living store at its address.
    package static func adopt(_ store: Store, size: StoreSize?, on db: isolated Connection) throws(PostgresError) -> Bool {
        try db.execute("INSERT INTO accounts (id, name) VALUES (\(store.account), \(store.account)) ON CONFLICT DO NOTHING")
        return try db.execute(
            """
            INSERT INTO stores (id, name, slug, engine, plan, account_id, phase, message, namespace_uid, created_at, cpu, memory, storage,
                country, currency, catalogue)
            VALUES (\(store.id.text), \(store.name), \(store.slug.text), \(store.engine.rawValue), \(store.plan.rawValue), \(store.account),
                'provisioning', \(store.message), \(store.namespaceUID), \(store.createdAt), \(size?.cpu), \(size?.memory), \(size?.storage),
                \(store.shop.country), \(store.shop.currency), \(store.shop.catalogue.rawValue))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// - Returns: the row as it is then; nil where its version is another.
    package static func rename(_ id: StoreID, to name: String, version: Int, on db: isolated Connection) throws(PostgresError)
        -> Store?
    {
        try db.query(
            """
            UPDATE stores SET name = \(name), version = version + 1, generation = generation + 1, updated_at = clock_timestamp()
            WHERE id = \(id.text) AND version = \(version) AND phase NOT IN ('deleting', 'deleted')
            RETURNING
            """ + "\n" + columns
        ).first.map(store)
    }

    /// A change of what is wanted: the phase moves with it, in one statement, from the phase that was read.
    /// - Returns: the row as it is then; nil where it has moved or changed meanwhile.
    package static func request(
        _ desired: DesiredState, of store: Store, phase: StorePhase, message: String, on db: isolated Connection
    ) throws(PostgresError) -> Store? {
        try db.query(
            """
            UPDATE stores SET desired = \(desired.rawValue), phase = \(phase.rawValue), reason = NULL, message = \(message),
                generation = generation + 1, version = version + 1, updated_at = clock_timestamp(), attempted_at = clock_timestamp()
            WHERE id = \(store.id.text) AND version = \(store.version)
            RETURNING
            """ + "\n" + columns
        ).first.map(Self.store)
    }

    /// What a pass has seen, written only while its lease holds and the row wants what it wanted then.
    /// - Returns: the row as it is then; nil where the pass has lost its right to write.
    package static func record(
        _ seen: Sighting, of store: Store, lease: Lease, on db: isolated Connection
    ) throws(PostgresError) -> Store? {
        try db.query(
            """
            UPDATE stores SET phase = \(seen.phase.rawValue), reason = \(seen.reason), message = \(seen.message), url = coalesce(\(seen.url), url),
                namespace_uid = coalesce(\(seen.namespaceUID), namespace_uid), version = version + 1, updated_at = clock_timestamp(),
                ready_at = CASE WHEN \(seen.phase.rawValue) = 'ready' THEN coalesce(ready_at, clock_timestamp()) ELSE ready_at END,
                attempted_at = CASE WHEN \(seen.restartsAttempt) THEN clock_timestamp() ELSE attempted_at END,
                deleted_at = CASE WHEN \(seen.phase.rawValue) = 'deleted' THEN clock_timestamp() END,
                relapses = \(seen.steadiness.relapses), relapsed_at = \(seen.steadiness.relapsedAt), well_since = \(seen.steadiness.wellSince)
            WHERE id = \(store.id.text) AND phase = \(store.phase.rawValue) AND generation = \(store.generation)
                AND EXISTS (SELECT FROM work WHERE store_id = \(store.id.text) AND lease_token = \(lease.token) AND lease_until > now())
            RETURNING
            """ + "\n" + columns
        ).first.map(Self.store)
    }

    /// Locks the row for what a pass writes beside it.
    /// - Returns: false where the pass has lost its right to write.
    package static func lock(_ store: Store, lease: Lease, on db: isolated Connection) throws(PostgresError) -> Bool {
        try !db.query(
            """
            SELECT id FROM stores WHERE id = \(store.id.text) AND phase = \(store.phase.rawValue) AND generation = \(store.generation)
                AND EXISTS (SELECT FROM work WHERE store_id = \(store.id.text) AND lease_token = \(lease.token) AND lease_until > now())
            FOR NO KEY UPDATE
            """
        ).isEmpty
    }

    /// Notes that everything of a store was found right, and how it looked. Its version stays: nothing has changed for anybody.
    package static func seal(
        _ id: StoreID, _ seal: String?, manifestsHash: String?, on db: isolated Connection
    ) throws(PostgresError) {
        try db.execute("UPDATE stores SET seal = \(seal), manifests_hash = \(manifestsHash) WHERE id = \(id.text)")
    }

    package struct Sighting: Sendable, Equatable {
        package var phase: StorePhase
        package var reason: String?
        package var message: String
        package var url: String?
        package var namespaceUID: String?
        /// A new attempt at provisioning begins with it.
        package var restartsAttempt = false
        package var steadiness = Steadiness()

        package init(phase: StorePhase, reason: String?, message: String, url: String? = nil, namespaceUID: String? = nil) {
            self.phase = phase
            self.reason = reason
            self.message = message
            self.url = url
            self.namespaceUID = namespaceUID
        }
    }

    // MARK: Rows

    private static func store(_ row: Row) throws(PostgresError) -> Store {
        let text: String = try row.decode("slug")
        let slug: Slug
        do throws(Slug.Fault) {
            slug = try Slug(text)
        } catch {
            throw PostgresError(.decoding("slug"), "The column slug holds no address: it \(error.rawValue).")
        }
        return Store(
            id: try id(row), name: try row.decode("name"), slug: slug, engine: EngineID(rawValue: try row.decode("engine")),
            plan: PlanID(rawValue: try row.decode("plan")), account: try row.decode("account_id"), shop: try shop(row),
            desired: try value(row, "desired"),
            generation: try row.decode("generation"), phase: try value(row, "phase"), reason: try row.decodeIfPresent("reason"),
            message: try row.decode("message"), url: try row.decodeIfPresent("url"),
            namespaceUID: try row.decodeIfPresent("namespace_uid"),
            version: try row.decode("version"), createdAt: try row.decode("created_at"), updatedAt: try row.decode("updated_at"),
            readyAt: try row.decodeIfPresent("ready_at"), attemptedAt: try row.decode("attempted_at"),
            seal: try row.decodeIfPresent("seal"), manifestsHash: try row.decodeIfPresent("manifests_hash"),
            steadiness: Steadiness(
                relapses: try row.decode("relapses"), relapsedAt: try row.decodeIfPresent("relapsed_at"),
                wellSince: try row.decodeIfPresent("well_since")))
    }

    private static func shop(_ row: Row) throws(PostgresError) -> ShopSettings {
        let country: String = try row.decode("country")
        let currency: String = try row.decode("currency")
        let catalogue: String = try row.decode("catalogue")
        do throws(ShopSettings.Invalid) {
            return try ShopSettings(country: country, currency: currency, catalogue: catalogue)
        } catch {
            let columns = error.faults.map(\.rawValue).joined(separator: ", ")
            throw PostgresError(.decoding(columns), "The columns \(columns) hold nothing that a shop can be set up with.")
        }
    }

    private static func id(_ row: Row) throws(PostgresError) -> StoreID {
        guard let id = StoreID(try row.decode("id", as: String.self)) else {
            throw PostgresError(.decoding("id"), "The column id holds no store's id.")
        }
        return id
    }
}

/// A code from a column, as the value it stands for.
func value<Value: RawRepresentable<String>>(_ row: Row, _ column: String, as type: Value.Type = Value.self) throws(PostgresError)
    -> Value
{
    guard let value = Value(rawValue: try row.decode(column, as: String.self)) else {
        throw PostgresError(.decoding(column), "The column \(column) holds a code that this version does not know.")
    }
    return value
}
