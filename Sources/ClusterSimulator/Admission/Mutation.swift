import Foundation
import JSON

/// What admission and the kinds' own strategies add to a new object after the schema's defaults: nobody owns these fields.
extension ClusterState {
    /// - Throws: where a LimitRange or Pod Security refuses a pod.
    func complete(_ object: inout JSONValue, _ kind: Kind) throws(APIFailure) {
        switch kind.name {
        case "Namespace":
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        case "Pod": try completePod(&object)
        case "Job": completeJob(&object)
        case "Service": completeService(&object)
        case "PersistentVolumeClaim":
            object.set(["metadata", "finalizers"], .array(object.finalizers + ["kubernetes.io/pvc-protection"]))
            if object[path: "spec", "storageClassName"] == nil, let name = defaultStorageClass {
                object.set(["spec", "storageClassName"], .string(name))
            }
        case "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Ingress", "NetworkPolicy", "PodDisruptionBudget":
            object.set(["metadata", "generation"], 1)
        default: break
        }
    }

    private func completePod(_ pod: inout JSONValue) throws(APIFailure) {
        try QuotaAdmission.applyLimitRanges(to: &pod, in: self)
        if pod[path: "spec", "serviceAccountName"] == nil {
            pod.set(["spec", "serviceAccountName"], "default")
            pod.set(["spec", "serviceAccount"], "default")
        }
        mountToken(&pod)
        let untilGone = ["not-ready", "unreachable"].map { condition -> JSONValue in
            [
                "key": .string("node.kubernetes.io/\(condition)"), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300,
            ]
        }
        pod.set(["spec", "tolerations"], .array((pod[path: "spec", "tolerations"]?.array ?? []) + untilGone))
        pod.set(["spec", "priority"], pod[path: "spec", "priority"] ?? 0)
        pod.set(["spec", "preemptionPolicy"], pod[path: "spec", "preemptionPolicy"] ?? "PreemptLowerPriority")
        pod.set(["metadata", "generation"], 1)
        pod["status"] = ["phase": "Pending", "qosClass": .string(ClusterState.qualityOfService(of: pod))]
    }

    /// The volume with the account's token, unless the pod or its account wants none.
    private func mountToken(_ pod: inout JSONValue) {
        let account = object(.serviceAccount, pod.namespace, pod[path: "spec", "serviceAccountName"]?.string ?? "")
        let wish = pod[path: "spec", "automountServiceAccountToken"]?.bool ?? account?["automountServiceAccountToken"]?.bool
        guard wish != false else { return }
        let name = JSONValue.string("kube-api-access-\(ClusterState.suffix())")
        let sources: JSONValue = [
            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            [
                "downwardAPI": [
                    "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
                ]
            ],
        ]
        let volume: JSONValue = ["name": name, "projected": ["sources": sources, "defaultMode": 420]]
        pod.set(["spec", "volumes"], .array((pod[path: "spec", "volumes"]?.array ?? []) + [volume]))
        for list in ["containers", "initContainers"] {
            guard let containers = pod[path: "spec", list]?.array else { continue }
            pod.set(
                ["spec", list],
                .array(
                    containers.map { container in
                        var container = container
                        let mount: JSONValue = [
                            "name": name, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                        ]
                        container["volumeMounts"] = .array((container["volumeMounts"]?.array ?? []) + [mount])
                        return container
                    }))
        }
    }

    private static func qualityOfService(of pod: JSONValue) -> String {
        let containers = pod[path: "spec", "containers"]?.array ?? []
        let resources = containers.map {
            ($0[path: "resources", "requests"]?.object ?? [:], $0[path: "resources", "limits"]?.object ?? [:])
        }
        if resources.allSatisfy({ $0.0.isEmpty && $0.1.isEmpty }) { return "BestEffort" }
        let isGuaranteed = resources.allSatisfy { requests, limits in
            ["cpu", "memory"].allSatisfy { limits[$0] != nil && (requests[$0] ?? limits[$0]) == limits[$0] }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }

    private func completeJob(_ job: inout JSONValue) {
        job.set(["metadata", "generation"], 1)
        guard job[path: "spec", "manualSelector"]?.bool != true else { return }
        let uid = JSONValue.string(job.uid)
        job.set(["spec", "selector"], ["matchLabels": ["batch.kubernetes.io/controller-uid": uid]])
        let labels: [JSONObject.Member] = [
            ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", .string(job.name)),
            ("controller-uid", uid),
            ("job-name", .string(job.name)),
        ]
        for (label, value) in labels { job.set(["spec", "template", "metadata", "labels", label], value) }
        // Without labels of its own a job has those of its pods.
        if job.labels.isEmpty { job.set(["metadata", "labels"], job[path: "spec", "template", "metadata", "labels"]) }
    }

    private func completeService(_ service: inout JSONValue) {
        guard service[path: "spec", "type"]?.string != "ExternalName" else { return }
        if service[path: "spec", "clusterIP"] == nil {
            service.set(["spec", "clusterIP"], .string("10.96.\(Int.random(in: 0...255)).\(Int.random(in: 1...254))"))
        }
        service.set(["spec", "clusterIPs"], .array([service[path: "spec", "clusterIP"] ?? .null]))
        service.set(["spec", "ipFamilies"], service[path: "spec", "ipFamilies"] ?? ["IPv4"])
        service.set(["spec", "ipFamilyPolicy"], service[path: "spec", "ipFamilyPolicy"] ?? "SingleStack")
    }
}
