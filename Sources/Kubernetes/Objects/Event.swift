package import JSON

/// Something that befell an object, as a component of the cluster told it. Kept for an hour, and repeated ones are merged or dropped:
/// good for telling people why, never for deciding.
package struct Event: KubernetesObject, Hashable {
    package static let resource = Resource.event

    package let metadata: ObjectMeta
    /// `FailedScheduling`, `BackOff`, `FailedMount` …
    package let reason: String
    package let message: String
    /// `Normal` or `Warning`.
    package let type: String
    /// How often; at least 1.
    package let count: Int
    package let involvedKind: String
    package let involvedName: String
    /// RFC 3339. Old-style events have it, those of the scheduler and other newer components have `eventTime` instead.
    package let lastTimestamp: String?
    /// RFC 3339 with microseconds.
    package let eventTime: String?

    /// When it was last seen, RFC 3339.
    package var time: String? { lastTimestamp ?? eventTime ?? metadata.creationTimestamp }

    package init(json: JSONValue) {
        metadata = ObjectMeta(of: json)
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
        type = json["type"]?.string ?? "Normal"
        count = json["count"]?.integer ?? json[path: "series", "count"]?.integer ?? 1
        involvedKind = json[path: "involvedObject", "kind"]?.string ?? ""
        involvedName = json[path: "involvedObject", "name"]?.string ?? ""
        lastTimestamp = json["lastTimestamp"]?.string ?? json[path: "series", "lastObservedTime"]?.string
        eventTime = json["eventTime"]?.string
    }
}
