import Stores
import Synchronization

/// Answers that are written while they are read, by whose they are: each holds a connection for as long as its reader likes.
package final class OpenStreams: Sendable {
    /// Held by an answer; its end, whatever it is, gives the place back.
    package final class Place: Sendable {
        private let release: @Sendable () -> Void

        fileprivate init(release: @escaping @Sendable () -> Void) { self.release = release }

        deinit { release() }
    }

    /// Nil is without limit.
    private let limit: Int?
    private let counts = Mutex<[String: Int]>([:])

    init(limit: Int?) { self.limit = limit }

    /// - Throws: `StoreError` `.tooManyStreams`.
    func take(for caller: String) throws(StoreError) -> Place {
        let hasTaken = counts.withLock { counts in
            let count = counts[caller, default: 0]
            if let limit, count >= limit { return false }
            counts[caller] = count + 1
            return true
        }
        guard hasTaken else { throw .tooManyStreams(limit: limit ?? 0) }
        return Place { [self] in
            counts.withLock { counts in counts[caller] = counts[caller].flatMap { $0 > 1 ? $0 - 1 : nil } }
        }
    }
}
