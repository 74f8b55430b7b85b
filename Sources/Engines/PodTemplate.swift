import JSON
import Stores

/// A container as every store's containers are: non-root, no privileges, read-only root, limits on everything.
struct ContainerTemplate {
    var name: String
    var image: String
    var size: PlanSize.Container
    var command: [String] = []
    var arguments: [String] = []
    /// Name and value.
    var environment: [(String, String)] = []
    /// Name of the variable and key of the Secret.
    var secrets: [(String, String)] = []
    /// ConfigMaps whose every entry is a variable.
    var configuration: [String] = []
    /// Name and number.
    var port: (String, Int)?
    var probes: JSONObject = [:]
    /// Volume, path, and whether it is only read.
    var mounts: [(volume: String, path: String, isReadOnly: Bool)] = []
    var lifecycle: JSONValue?

    var json: JSONValue {
        var container: JSONValue = ["name": .string(name), "image": .string(image), "imagePullPolicy": "IfNotPresent"]
        if !command.isEmpty { container["command"] = .array(command.map { .string($0) }) }
        if !arguments.isEmpty { container["args"] = .array(arguments.map { .string($0) }) }
        let variables: [JSONValue] =
            environment.map { ["name": .string($0.0), "value": .string($0.1)] }
            + secrets.map {
                [
                    "name": .string($0.0),
                    "valueFrom": ["secretKeyRef": ["name": .string(Credentials.secret), "key": .string($0.1)]],
                ]
            }
        if !variables.isEmpty { container["env"] = .array(variables) }
        if !configuration.isEmpty { container["envFrom"] = .array(configuration.map { ["configMapRef": ["name": .string($0)]] }) }
        if let port { container["ports"] = [["name": .string(port.0), "containerPort": .integer(port.1)]] }
        container["resources"] = [
            "requests": ["cpu": .string("\(size.requestedCPU)m"), "memory": .string("\(size.requestedMemory)Mi")],
            "limits": ["cpu": .string("\(size.limitCPU)m"), "memory": .string("\(size.limitMemory)Mi")],
        ]
        container["securityContext"] = [
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
        ]
        container["terminationMessagePolicy"] = "FallbackToLogsOnError"  // the reason of a failure lands in the pod's status
        for probe in probes { container[probe.key] = probe.value }
        if let lifecycle { container["lifecycle"] = lifecycle }
        container["volumeMounts"] = .array(
            mounts.map { mount in
                var json: JSONValue = ["name": .string(mount.volume), "mountPath": .string(mount.path)]
                if mount.isReadOnly { json["readOnly"] = true }
                return json
            })
        return container
    }
}

/// A pod as every store's pods are.
struct PodTemplate {
    var store: Store
    var stage: StageName
    /// What it is in the shop: `database`, `shop`, `setup`; its Service and policies select by it.
    var component: String
    /// Whether it may open connections to the database.
    var usesDatabase = false
    /// Whether it mounts the shop's uploads: a volume for one node at a time, so that they must meet on it.
    var usesUploads = false
    var user: Int
    var gracePeriod: Int
    var restartPolicy: String?
    var container: ContainerTemplate
    var volumes: [JSONValue] = []
    var annotations: JSONObject = [:]

    var selector: JSONObject { [Labels.component: .string(component), Labels.id: .string(store.id.text)] }

    var json: JSONValue {
        var labels = Labels.all(of: store, stage: stage)
        labels[Labels.component] = .string(component)
        if usesDatabase { labels["store-platform/database-client"] = "true" }
        if usesUploads { labels["store-platform/uploads"] = "true" }
        var metadata: JSONValue = ["labels": .object(labels)]
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        var spec: JSONValue = [
            "serviceAccountName": .string(Isolation.serviceAccount), "automountServiceAccountToken": false,
            "enableServiceLinks": false,  // else WORDPRESS_PORT=tcp://… of our own Service lands among WORDPRESS_*
            "terminationGracePeriodSeconds": .integer(gracePeriod),
            "securityContext": [
                "runAsNonRoot": true, "runAsUser": .integer(user), "runAsGroup": .integer(user), "fsGroup": .integer(user),
                "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": ["type": "RuntimeDefault"],
            ],
        ]
        if let restartPolicy { spec["restartPolicy"] = .string(restartPolicy) }
        if usesUploads {
            let together: JSONValue = [
                "topologyKey": "kubernetes.io/hostname", "labelSelector": ["matchLabels": ["store-platform/uploads": "true"]],
            ]
            spec["affinity"] = ["podAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [together]]]
        }
        spec["containers"] = [container.json]
        if !volumes.isEmpty { spec["volumes"] = .array(volumes) }
        return ["metadata": metadata, "spec": spec]
    }
}

/// Volumes of a pod.
enum Volume {
    static func empty(_ name: String, limit: String) -> JSONValue {
        ["name": .string(name), "emptyDir": ["sizeLimit": .string(limit)]]
    }

    static func claim(_ name: String, _ claim: String) -> JSONValue {
        ["name": .string(name), "persistentVolumeClaim": ["claimName": .string(claim)]]
    }

    static func configuration(_ name: String, _ map: String) -> JSONValue {
        ["name": .string(name), "configMap": ["name": .string(map)]]
    }

    static func secret(_ name: String, keys: [String]) -> JSONValue {
        let items: [JSONValue] = keys.map { ["key": .string($0), "path": .string($0)] }
        return [
            "name": .string(name),
            "secret": ["secretName": .string(Credentials.secret), "defaultMode": 0o440, "items": .array(items)],
        ]
    }
}

/// Probes of a container.
enum Probe {
    static func http(_ path: String, period: Int, timeout: Int, failures: Int) -> JSONValue {
        settings(["httpGet": ["path": .string(path), "port": "http"]], period, timeout, failures)
    }

    static func tcp(_ port: String, period: Int, timeout: Int, failures: Int) -> JSONValue {
        settings(["tcpSocket": ["port": .string(port)]], period, timeout, failures)
    }

    static func command(_ command: [String], period: Int, timeout: Int, failures: Int) -> JSONValue {
        settings(["exec": ["command": .array(command.map { .string($0) })]], period, timeout, failures)
    }

    private static func settings(_ action: JSONValue, _ period: Int, _ timeout: Int, _ failures: Int) -> JSONValue {
        var probe = action
        probe["periodSeconds"] = .integer(period)
        probe["timeoutSeconds"] = .integer(timeout)
        probe["failureThreshold"] = .integer(failures)
        return probe
    }
}
