import Foundation

/// A value behind a lock that ThreadSanitizer can see. `Synchronization.Mutex` waits on a futex behind its back, and everything it guards
/// looks like a race then.
final class Guarded<Value>: @unchecked Sendable {  // the value is touched under the lock alone
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
