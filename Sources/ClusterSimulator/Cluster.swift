package import Foundation
import JSON

/// The one state of a simulated cluster and its lock. Parsing and writing happen outside of it.
final class Cluster: Sendable {
    private let state: Guarded<ClusterState>
    private let calls = Guarded<CallLog>(CallLog())

    init(_ initial: ClusterState) {
        state = Guarded(initial)
    }

    func with<Value>(_ body: (inout ClusterState) throws(APIFailure) -> Value) throws(APIFailure) -> Value {
        try state.withLock(body)
    }

    /// For what cannot be refused.
    func change<Value>(_ body: (inout ClusterState) -> Value) -> Value {
        state.withLock(body)
    }

    func log(_ call: MutatingCall) { calls.withLock { $0.append(call) } }

    var mutatingCalls: [MutatingCall] { calls.withLock { $0.calls } }
}

/// The last calls, numbered from 1 on.
private struct CallLog {
    private(set) var calls: [MutatingCall] = []
    private var last = 0

    mutating func append(_ call: MutatingCall) {
        last += 1
        var call = call
        call.number = last
        calls.append(call)
        if calls.count > 200_000 { calls.removeFirst(100_000) }
    }
}

/// A call that could change something, for witnesses.
package struct MutatingCall: Sendable {
    package let method: String
    package let path: String
    /// As it was meant; the client may have got none of it.
    package let status: Int
    package fileprivate(set) var number = 0
    package let at: Date
    /// The names of what was made to go wrong with it.
    package let faults: [String]
}
