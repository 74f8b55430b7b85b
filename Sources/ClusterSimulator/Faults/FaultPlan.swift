import Foundation
import JSON

/// What can go wrong with a call.
enum Fault: Equatable, Sendable {
    /// It takes so much longer, in seconds.
    case latency(Double)
    case tooManyRequests(retryAfter: Int)
    case internalError
    case unavailable(retryAfter: Int?)
    /// The connection is cut before anything happens.
    case resetBefore
    /// It is carried out, and the connection cut before the answer.
    case resetAfter
    /// It is carried out, and the answer cut in the middle.
    case truncate
    /// A watch ends without a word after so many seconds.
    case watchCut(after: Double)
    /// A watch says that its version is too old.
    case watchExpired
    /// The rest of a list is no longer to be had.
    case expiredList

    /// Names it in plans and in the log of calls.
    var name: String {
        switch self {
        case .latency: "latency"
        case .tooManyRequests: "tooManyRequests"
        case .internalError: "internalError"
        case .unavailable: "unavailable"
        case .resetBefore: "resetBefore"
        case .resetAfter: "resetAfter"
        case .truncate: "truncate"
        case .watchCut: "watchCut"
        case .watchExpired: "watchExpired"
        case .expiredList: "expiredList"
        }
    }
}

/// Which calls go wrong, and how: the same seed and the same calls in the same order give the same faults.
struct FaultPlan: Sendable {
    /// Chooses calls and makes one kind of fault of some of them.
    struct Rule: Sendable {
        enum Delay: Sendable, Equatable {
            case fixed(Double)
            case uniform(Double, Double)
            case exponential(mean: Double)
        }

        var fault: Fault
        /// For `latency`: drawn anew for each call.
        var delay: Delay?
        var probability = 1.0
        var verb: String?
        var resource: String?
        var method: String?
        var pathPrefix: String?
        /// How often at most.
        var count: Int?
    }

    private(set) var seed: UInt64
    private(set) var rules: [Rule]
    private var generators: [SplitMix64]
    private(set) var applied: [Int]

    init(seed: UInt64 = 0, rules: [Rule] = []) {
        self.seed = seed
        self.rules = rules
        generators = rules.indices.map { SplitMix64(state: seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64($0 + 1)) }
        applied = Array(repeating: 0, count: rules.count)
    }

    /// What a rule looks at.
    struct Call: Equatable {
        var method: String
        var path: String
        /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
        var verb: String
        /// The plural of the kind; empty where none is meant.
        var resource: String
    }

    /// The faults of a call, in the order of the rules. A rule that does not match draws nothing.
    mutating func draw(for call: Call) -> [Fault] {
        var faults: [Fault] = []
        for index in rules.indices where rules[index].matches(call) {
            let rule = rules[index]
            let chance = Double.random(in: 0..<1, using: &generators[index])
            guard chance < rule.probability, applied[index] < rule.count ?? .max else { continue }
            applied[index] += 1
            if let delay = rule.delay {
                faults.append(.latency(delay.seconds(using: &generators[index])))
            } else {
                faults.append(rule.fault)
            }
        }
        return faults
    }
}

extension FaultPlan.Rule {
    fileprivate func matches(_ call: FaultPlan.Call) -> Bool {
        (verb ?? call.verb) == call.verb && (resource ?? call.resource) == call.resource && (method ?? call.method) == call.method
            && call.path.hasPrefix(pathPrefix ?? "")
    }
}

extension FaultPlan.Rule.Delay {
    fileprivate func seconds(using generator: inout SplitMix64) -> Double {
        switch self {
        case .fixed(let seconds): seconds
        case .uniform(let low, let high): Double.random(in: low...high, using: &generator)
        case .exponential(let mean): -mean * log(1 - Double.random(in: 0..<1, using: &generator))
        }
    }
}

/// A small generator whose sequence is the same everywhere (Steele, Lea, Flood: «Fast Splittable Pseudorandom Number Generators»).
struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
