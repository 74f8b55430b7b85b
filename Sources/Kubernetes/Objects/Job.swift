package import JSON

/// A job and how its pods ended.
package struct Job: KubernetesObject, Hashable {
    package static let resource = Resource.job

    package let metadata: ObjectMeta
    package let owners: [OwnerReference]
    package let active: Int
    package let succeeded: Int
    package let failed: Int
    /// `Complete` or `Failed` once it is over; `SuccessCriteriaMet` or `FailureTarget` a moment before, while pods still run.
    package let conditions: [Condition]
    /// RFC 3339; set only by success.
    package let completionTime: String?

    package var isComplete: Bool { conditions["Complete"]?.isTrue ?? false }

    /// Why it failed for good (`BackoffLimitExceeded`, `DeadlineExceeded`); nil unless it has.
    package var failure: Condition? { conditions["Failed"].flatMap { $0.isTrue ? $0 : nil } }

    package init(json: JSONValue) {
        let status = json["status"]
        metadata = ObjectMeta(of: json)
        owners = OwnerReference.owners(of: json)
        active = status?["active"]?.integer ?? 0
        succeeded = status?["succeeded"]?.integer ?? 0
        failed = status?["failed"]?.integer ?? 0
        conditions = Condition.conditions(of: json)
        completionTime = status?["completionTime"]?.string
    }
}
