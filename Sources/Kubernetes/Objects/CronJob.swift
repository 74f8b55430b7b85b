package import JSON

/// A schedule that makes jobs.
package struct CronJob: KubernetesObject, Hashable {
    package static let resource = Resource.cronJob

    package let metadata: ObjectMeta
    package let schedule: String
    package let isSuspended: Bool
    /// RFC 3339, as the server wrote it; nil before the first run.
    package let lastScheduleTime: String?
    package let lastSuccessfulTime: String?

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        schedule = json[path: "spec", "schedule"]?.string ?? ""
        isSuspended = json[path: "spec", "suspend"]?.bool ?? false
        lastScheduleTime = json[path: "status", "lastScheduleTime"]?.string
        lastSuccessfulTime = json[path: "status", "lastSuccessfulTime"]?.string
    }
}
