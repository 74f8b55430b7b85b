import Foundation
import JSON

/// What makes two Events one that is counted twice.
struct EventIdentity: Hashable {
    let involved: String
    let fieldPath: String?
    let reason: String
    let message: String

    init(of event: JSONValue) {
        involved = event[path: "involvedObject", "uid"]?.string ?? ""
        fieldPath = event[path: "involvedObject", "fieldPath"]?.string
        reason = event["reason"]?.string ?? ""
        message = event["message"]?.string ?? ""
    }
}

extension ClusterState {
    /// Writes an Event about an object, as a component of the cluster does.
    /// - Parameter component: the scheduler writes Events of the newer form, which are not counted.
    mutating func emit(
        _ reason: String, _ message: String, about object: JSONValue, kind: Kind, isWarning: Bool = false, from component: String,
        fieldPath: String? = nil
    ) {
        guard let namespace = self.object(.namespace, "", object.namespace), !namespace.isBeingDeleted else { return }
        let isNewForm = component == "default-scheduler"
        var involved: JSONValue = [
            "kind": .string(kind.name), "namespace": .string(object.namespace), "name": .string(object.name),
            "uid": .string(object.uid), "apiVersion": .string(kind.apiVersion),
            "resourceVersion": .string(String(object.resourceVersion)),
        ]
        if let fieldPath { involved["fieldPath"] = .string(fieldPath) }
        let now = JSONValue.string(Clock.now)
        let node = component == "kubelet" ? object[path: "spec", "nodeName"] : nil
        var source: JSONValue = isNewForm ? [:] : ["component": .string(component)]
        if let node { source["host"] = node }
        var event: JSONValue = [
            "metadata": ["name": "", "namespace": .string(object.namespace), "uid": "", "creationTimestamp": now],
            "involvedObject": involved, "reason": .string(reason), "message": .string(message),
            "source": source, "firstTimestamp": isNewForm ? .null : now,
            "lastTimestamp": isNewForm ? .null : now, "type": isWarning ? "Warning" : "Normal",
            "eventTime": isNewForm ? now : .null, "reportingComponent": .string(component),
            "reportingInstance": isNewForm ? .string("\(component)-simulator") : node ?? "",
        ]
        if isNewForm { event["action"] = isWarning ? "Scheduling" : "Binding" } else { event["count"] = 1 }
        let identity = EventIdentity(of: event)
        if !isNewForm, let name = eventNames[identity], var known = self.object(.event, object.namespace, name) {
            known["count"] = .integer((known["count"]?.integer ?? 0) + 1)
            known["lastTimestamp"] = now
            put(known, as: Kind.of(.event))
            return
        }
        // By the time, so that they are in order.
        let name = "\(object.name).\(String(UInt64(Date().timeIntervalSince1970 * 1_000_000_000), radix: 16))"
        event.set(["metadata", "name"], .string(name))
        event.set(["metadata", "uid"], .string(ClusterState.uid()))
        eventNames[identity] = name
        put(event, as: Kind.of(.event))
    }
}
