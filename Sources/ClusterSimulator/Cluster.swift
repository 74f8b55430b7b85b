import Foundation
import JSON
import Synchronization

/// The one state of a simulated cluster and its lock. Parsing and writing happen outside of it.
final class Cluster: Sendable {
    private let state: Mutex<ClusterState>
    private let calls = Mutex<[MutatingCall]>([])

    init(_ initial: consuming sending ClusterState) {
        state = Mutex(initial)
    }

    func with<Value>(_ body: (inout sending ClusterState) throws(APIFailure) -> sending Value) throws(APIFailure) -> Value {
        try state.withLock(body)
    }

    /// For what cannot be refused.
    func change<Value>(_ body: (inout sending ClusterState) -> sending Value) -> Value {
        state.withLock(body)
    }

    func log(_ call: MutatingCall) {
        calls.withLock { calls in
            calls.append(call)
            if calls.count > 200_000 { calls.removeFirst(100_000) }
        }
    }

    var mutatingCalls: [MutatingCall] { calls.withLock { $0 } }
}

/// A call that could change something, for witnesses.
package struct MutatingCall: Sendable {
    package let method: String
    package let path: String
    package let status: Int
}
