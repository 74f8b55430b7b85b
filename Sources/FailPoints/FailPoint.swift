#if DEBUG
    import Foundation
    import Synchronization
#endif

/// A place at which a test may end or stop the process: before and after everything it does to the world outside.
///
/// Only in debug builds; in a release build `reach` is nothing at all. Armed by the environment:
/// `STORE_PLATFORM_FAIL_POINTS=object-write.after=kill@3` kills the process with SIGKILL the third time it gets there, `stop` stops it with
/// SIGSTOP. A point that acts says so first in the file `STORE_PLATFORM_FAIL_POINT_LOG`.
package enum FailPoint: String, Sendable, CaseIterable {
    // The rows.
    case createBefore = "create.before-commit"
    case createAfter = "create.after-commit"
    case changeBefore = "change.before-commit"
    case changeAfter = "change.after-commit"
    case claimBefore = "claim.before"
    case claimAfter = "claim.after"
    case beatBefore = "beat.before"
    case beatAfter = "beat.after"
    case recordBefore = "record.before-commit"
    case recordAfter = "record.after-commit"
    case handBackBefore = "hand-back.before"
    case handBackAfter = "hand-back.after"
    case enqueueBefore = "enqueue.before"
    case enqueueAfter = "enqueue.after"
    case adoptBefore = "adopt.before-commit"
    case adoptAfter = "adopt.after-commit"

    // The cluster.
    case namespaceWriteBefore = "namespace-write.before"
    case namespaceWriteAfter = "namespace-write.after"
    case objectWriteBefore = "object-write.before"
    case objectWriteAfter = "object-write.after"
    case secretCreateBefore = "secret-create.before"
    case secretCreateAfter = "secret-create.after"
    case namespaceDeleteBefore = "namespace-delete.before"
    case namespaceDeleteAfter = "namespace-delete.after"
    case podsDeleteAfter = "pods-delete.after"
    case claimsDeleteAfter = "claims-delete.after"
    case jobDeleteBefore = "job-delete.before"
    case jobDeleteAfter = "job-delete.after"
    case healBefore = "heal.before"
    case healAfter = "heal.after"
    case strayDeleteBefore = "stray-delete.before"
    case strayDeleteAfter = "stray-delete.after"
}

#if DEBUG
    extension FailPoint {
        package static let isCompiledIn = true

        /// Does what the point is armed with, if this is the time for it.
        package static func reach(_ point: FailPoint) {
            guard let armed = armed[point] else { return }
            let count = counts.withLock { counts in
                counts[point, default: 0] += 1
                return counts[point]
            }
            guard count == armed.at else { return }
            if let path = environment["STORE_PLATFORM_FAIL_POINT_LOG"], let log = fopen(path, "a") {
                fputs("\(point.rawValue) \(getpid())\n", log)
                fclose(log)
            }
            kill(getpid(), armed.signal)
        }

        private struct Armed: Sendable {
            let signal: Int32
            /// Which time it is reached, from 1.
            let at: Int
        }

        private static let environment = ProcessInfo.processInfo.environment
        private static let counts = Mutex<[FailPoint: Int]>([:])

        /// From `name=action@count,…`; what cannot be read is a mistake in a test, which should not go unnoticed.
        private static let armed: [FailPoint: Armed] = {
            var armed: [FailPoint: Armed] = [:]
            for item in (environment["STORE_PLATFORM_FAIL_POINTS"] ?? "").split(separator: ",") {
                let parts = item.split(whereSeparator: { "=@".contains($0) }).map(String.init)
                guard parts.count >= 2, let point = FailPoint(rawValue: parts[0]), ["kill", "stop"].contains(parts[1]),
                    let at = parts.count > 2 ? Int(parts[2]) : 1
                else { fatalError("STORE_PLATFORM_FAIL_POINTS: “\(item)” is not NAME=kill|stop[@COUNT]") }
                armed[point] = Armed(signal: parts[1] == "kill" ? SIGKILL : SIGSTOP, at: at)
            }
            return armed
        }()
    }
#else
    extension FailPoint {
        package static let isCompiledIn = false

        @inline(__always) package static func reach(_ point: FailPoint) {}
    }
#endif
