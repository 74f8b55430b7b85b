import Postgres
import Testing

@testable import Services

struct BulletinTests {
    /// To wake a task and to cancel one take locks of the runtime: in the wrong order the process stands still.
    @Test(.timeLimit(.minutes(1))) func `readers come and go while others are woken`() async throws {
        let bulletin = Bulletin(pool: ConnectionPool(configuration: PostgresConfiguration(url: "postgresql://127.0.0.1:1/nowhere")))
        let waking = Task.detached {
            while !Task.isCancelled {
                bulletin.announce(work: true, events: [])
                await Task.yield()
            }
        }
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        let reader = Task { for await _ in bulletin.work() {} }
                        await Task.yield()
                        reader.cancel()
                        await reader.value
                    }
                }
            }
        }
        waking.cancel()
        await waking.value
    }
}
