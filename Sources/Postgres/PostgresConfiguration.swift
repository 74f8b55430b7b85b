/// Where the database is and what every session of ours is held to.
package struct PostgresConfiguration: Sendable {
    /// A libpq connection URI or keyword string. Holds the password: never printed.
    package let url: String
    /// As `pg_stat_activity` shows it, unless the URL gives another.
    package var applicationName = "store-platform"
    package var maximumConnections = 10
    /// How long a caller waits for a connection when all are in use.
    package var acquireTimeout: Duration = .seconds(1)
    package var connectTimeout: Duration = .seconds(2)
    package var statementTimeout: Duration = .seconds(5)
    package var lockTimeout: Duration = .seconds(2)
    package var idleInTransactionTimeout: Duration = .seconds(10)

    package init(url: String) {
        self.url = url
    }

    /// How long a connection may be in use: the server ends statements and idle transactions before; if it does not, it is gone.
    var silenceLimit: Duration { statementTimeout + .seconds(3) }

    /// libpq's keywords. No server-side timeout fires when the server itself is gone, hence the last four.
    var parameters: [(String, String)] {
        [
            ("dbname", url), ("fallback_application_name", applicationName), ("client_encoding", "UTF8"),
            (
                "options",
                "-c statement_timeout=\(statementTimeout.milliseconds) -c lock_timeout=\(lockTimeout.milliseconds)"
                    + " -c idle_in_transaction_session_timeout=\(idleInTransactionTimeout.milliseconds) -c TimeZone=UTC"
                    + " -c default_transaction_isolation=read\\ committed -c synchronous_commit=on -c client_min_messages=warning"
            ),
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))), ("keepalives_idle", "10"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "15000"),
        ]
    }
}

extension Duration {
    package var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
