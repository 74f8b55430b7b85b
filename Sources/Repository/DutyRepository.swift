package import Foundation
package import Postgres

/// The rows of `duties`: what one replica does for all. Only the database's clock counts.
package enum DutyRepository {
    /// Takes a duty that nobody holds or whose holder is silent, or goes on holding it: one statement for both.
    /// - Returns: whether it is the holder's now.
    package static func hold(
        _ duty: String, as holder: UUID, for duration: Duration, on db: isolated Connection
    ) throws(PostgresError) -> Bool {
        try db.execute(
            """
            INSERT INTO duties (duty, holder, held_until) VALUES (\(duty), \(holder), now() + make_interval(secs => \(duration.seconds)))
            ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
            WHERE duties.holder = excluded.holder OR duties.held_until < now()
            """) == 1
    }

    /// Lets another have it at once.
    package static func lay(down duty: String, as holder: UUID, on db: isolated Connection) throws(PostgresError) {
        try db.execute("DELETE FROM duties WHERE duty = \(duty) AND holder = \(holder)")
    }
}
