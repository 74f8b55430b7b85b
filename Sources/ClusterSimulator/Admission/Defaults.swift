import Foundation
import JSON

/// What the API server fills in and rewrites before it stores an object: defaults, canonical quantities, Base64.
enum Defaults {
    /// For any document that comes in, also one that is applied: the same value always gets the same text.
    static func canonical(_ document: JSONValue, _ kind: Kind) -> JSONValue {
        var document = canonicalQuantities(document)
        if kind.name == "Secret", let plain = document["stringData"]?.object {
            var data = document["data"]?.object ?? [:]
            for member in plain { data[member.key] = .string(Data((member.value.string ?? "").utf8).base64EncodedString()) }
            document["data"] = .object(data)
            document["stringData"] = nil
        }
        return document
    }

    private static let quantityMaps: Set<String> = [
        "requests", "limits", "hard", "default", "defaultRequest", "max", "min", "capacity",
    ]

    private static func canonicalQuantities(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.map { member in
                        if quantityMaps.contains(member.key), let quantities = member.value.object {
                            return (
                                member.key, .object(JSONObject(quantities.members.map { ($0.key, canonicalQuantity($0.value)) }))
                            )
                        }
                        if member.key == "sizeLimit" { return (member.key, canonicalQuantity(member.value)) }
                        return (member.key, canonicalQuantities(member.value))
                    }))
        case .array(let items): return .array(items.map(canonicalQuantities))
        default: return value
        }
    }

    private static func canonicalQuantity(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(Quantity.canonical(text))
        case .integer(let number): .string(String(number))
        default: value
        }
    }

    /// Fills in what the API's schema has a default for.
    static func fill(_ object: inout JSONValue, _ kind: Kind) {
        switch kind.name {
        case "Namespace": object.set(["metadata", "labels", "kubernetes.io/metadata.name"], .string(object.name))
        case "Secret": fill(&object, [], ["type": "Opaque"])
        case "Pod":
            fillPod(&object, [])
            fill(&object, ["spec"], ["enableServiceLinks": true])
        case "Deployment":
            fill(&object, ["spec"], ["replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600])
            let isRecreate = object[path: "spec", "strategy", "type"]?.string == "Recreate"
            fill(&object, ["spec", "strategy"], ["type": "RollingUpdate"])
            if !isRecreate { fill(&object, ["spec", "strategy", "rollingUpdate"], ["maxUnavailable": "25%", "maxSurge": "25%"]) }
            fillPod(&object, ["spec", "template"])
            fill(&object, [], ["status": [:]])
        case "ReplicaSet":
            fill(&object, ["spec"], ["replicas": 1])
            fillPod(&object, ["spec", "template"])
            fill(&object, [], ["status": ["replicas": 0]])
        case "StatefulSet": fillStatefulSet(&object)
        case "Job":
            fillJob(&object, ["spec"])
            fill(
                &object, ["spec"],
                [
                    "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
                    "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed",
                ])
            fill(&object, [], ["status": [:]])
        case "CronJob":
            fill(
                &object, ["spec"],
                ["concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1])
            fill(&object, ["spec", "jobTemplate"], ["metadata": [:]])
            fillJob(&object, ["spec", "jobTemplate", "spec"])
            fill(&object, [], ["status": [:]])
        case "Service": fillService(&object)
        case "PersistentVolumeClaim":
            fill(&object, ["spec"], ["volumeMode": "Filesystem"])
            fill(&object, ["status"], ["phase": "Pending"])
        case "Ingress": fill(&object, [], ["status": ["loadBalancer": [:]]])
        case "ResourceQuota": fill(&object, [], ["status": [:]])
        case "Event": fill(&object, [], ["eventTime": .null, "reportingComponent": "", "reportingInstance": ""])
        default: break
        }
    }

    private static func fillStatefulSet(_ object: inout JSONValue) {
        fill(
            &object, ["spec"],
            [
                "replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]],
                "persistentVolumeClaimRetentionPolicy": ["whenDeleted": "Retain", "whenScaled": "Retain"],
            ])
        fillPod(&object, ["spec", "template"])
        if let claims = object[path: "spec", "volumeClaimTemplates"]?.array {
            object.set(
                ["spec", "volumeClaimTemplates"],
                .array(
                    claims.map { claim in
                        var claim = claim
                        fill(&claim, [], ["kind": "PersistentVolumeClaim", "apiVersion": "v1", "status": ["phase": "Pending"]])
                        fill(&claim, ["spec"], ["volumeMode": "Filesystem"])
                        return claim
                    }))
        }
        fill(&object, [], ["status": ["replicas": 0, "availableReplicas": 0]])
    }

    private static func fillJob(_ object: inout JSONValue, _ path: [String]) {
        guard object.at(path + ["template"]) != nil else { return }
        fillPod(&object, path + ["template"])
    }

    private static func fill(_ object: inout JSONValue, _ path: [String], _ defaults: JSONObject) {
        for member in defaults where object.at(path + [member.key]) == nil { object.set(path + [member.key], member.value) }
    }

    private static func fillPod(_ object: inout JSONValue, _ path: [String]) {
        let spec = path + ["spec"]
        fill(
            &object, spec,
            [
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": [:],
                "schedulerName": "default-scheduler",
            ])
        if let account = object.at(spec + ["serviceAccountName"]) { fill(&object, spec, ["serviceAccount": account]) }
        if let volumes = object.at(spec + ["volumes"])?.array { object.set(spec + ["volumes"], .array(volumes.map(filledVolume))) }
        for list in ["containers", "initContainers"] {
            guard let containers = object.at(spec + [list])?.array else { continue }
            object.set(spec + [list], .array(containers.map(filledContainer)))
        }
    }

    /// A file from a ConfigMap, a Secret or a projection is readable to all unless something else is said (0644).
    private static func filledVolume(_ volume: JSONValue) -> JSONValue {
        var volume = volume
        for source in ["configMap", "secret", "projected", "downwardAPI"] where volume[source] != nil {
            fill(&volume, [source], ["defaultMode": 420])
        }
        return volume
    }

    private static func filledContainer(_ container: JSONValue) -> JSONValue {
        var container = container
        let image = container["image"]?.string ?? ""
        let isLatest = !image.split(separator: "/").suffix(1).joined().contains(":") || image.hasSuffix(":latest")
        fill(
            &container, [],
            [
                "resources": [:], "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "imagePullPolicy": isLatest ? "Always" : "IfNotPresent",
            ])
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] where container[probe] != nil {
            fill(&container, [probe], ["timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3])
            if container[path: probe, "httpGet"] != nil { fill(&container, [probe, "httpGet"], ["path": "/", "scheme": "HTTP"]) }
        }
        if let ports = container["ports"]?.array {
            container["ports"] = .array(
                ports.map { port in
                    var port = port
                    fill(&port, [], ["protocol": "TCP"])
                    return port
                })
        }
        return container
    }

    private static func fillService(_ object: inout JSONValue) {
        fill(&object, ["spec"], ["type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"])
        if let ports = object[path: "spec", "ports"]?.array {
            object.set(
                ["spec", "ports"],
                .array(
                    ports.map { port in
                        var port = port
                        fill(&port, [], ["protocol": "TCP", "targetPort": port["port"] ?? 0])
                        return port
                    }))
        }
        fill(&object, [], ["status": ["loadBalancer": [:]]])
    }
}
