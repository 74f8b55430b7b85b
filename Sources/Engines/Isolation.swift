import Foundation
import JSON
package import Kubernetes
import Stores

/// What keeps a store apart from every other, whatever its engine: all of it stands before the first pod.
package enum Isolation {
    static let serviceAccount = "store"

    /// The kinds that hold a store in: of them not even an addition by others is left standing.
    package static let kinds: Set<Resource> = [.networkPolicy, .limitRange, .resourceQuota]

    static func namespaceStage(of store: Store, on platform: PlatformConfiguration) -> Stage {
        Stage(
            .namespace, needs: [],
            [
                Manifest(
                    .namespace, store.id.namespace, of: store, stage: .namespace,
                    annotations: [
                        Labels.Annotation.name: .string(store.name), Labels.Annotation.slug: .string(store.slug.text),
                        Labels.Annotation.engine: .string(store.engine.rawValue),
                        Labels.Annotation.plan: .string(store.plan.rawValue),
                        Labels.Annotation.account: .string(store.account),
                        Labels.Annotation.createdAt: .string(String(Int(store.createdAt.timeIntervalSince1970 * 1000))),
                        Labels.Annotation.country: .string(store.shop.country),
                        Labels.Annotation.currency: .string(store.shop.currency),
                        Labels.Annotation.catalogue: .string(store.shop.catalogue.rawValue),
                    ],
                    labels: [
                        Labels.install: .string(platform.installID), "pod-security.kubernetes.io/enforce": "restricted",
                        "pod-security.kubernetes.io/warn": "restricted",
                    ], [:]),
                serviceAccount(of: store, on: platform),
            ] + registry(of: store, on: platform))
    }

    /// Without a token and without rights; every pod names it, so that nothing waits for "default".
    private static func serviceAccount(of store: Store, on platform: PlatformConfiguration) -> Manifest {
        var body: JSONObject = ["automountServiceAccountToken": false]
        if platform.registryConfiguration != nil {
            body["imagePullSecrets"] = [["name": .string(PlatformConfiguration.registrySecret)]]
        }
        return Manifest(.serviceAccount, serviceAccount, of: store, stage: .namespace, body)
    }

    /// The platform's own credentials of the registry: applied, so that new ones reach every store.
    private static func registry(of store: Store, on platform: PlatformConfiguration) -> [Manifest] {
        guard let configuration = platform.registryConfiguration else { return [] }
        return [
            Manifest(
                .secret, PlatformConfiguration.registrySecret, of: store, stage: .namespace,
                [
                    "type": "kubernetes.io/dockerconfigjson",
                    "data": [".dockerconfigjson": .string(Data(configuration.utf8).base64EncodedString())],
                ])
        ]
    }

    /// - Parameter pods: the sum of everything that may run at once.
    static func limitsStage(of store: Store, budget: PodBudget, storage: Int, databasePort: Int, shopPorts: [Int]) -> Stage {
        Stage(
            .limits, needs: [.namespace],
            [limitRange(store, budget), quota(store, budget, storage: storage)]
                + networkPolicies(store, databasePort: databasePort, shopPorts: shopPorts))
    }

    private static func limitRange(_ store: Store, _ budget: PodBudget) -> Manifest {
        Manifest(
            .limitRange, "store", of: store, stage: .limits,
            [
                "spec": [
                    "limits": [
                        [
                            "type": "Container", "defaultRequest": ["cpu": "50m", "memory": "64Mi"],
                            "default": ["cpu": "500m", "memory": "128Mi"],
                            "max": [
                                "cpu": .string("\(budget.largest.limitCPU)m"), "memory": .string("\(budget.largest.limitMemory)Mi"),
                            ],
                        ]
                    ]
                ]
            ])
    }

    private static func quota(_ store: Store, _ budget: PodBudget, storage: Int) -> Manifest {
        Manifest(
            .resourceQuota, "store", of: store, stage: .limits,
            [
                "spec": [
                    "hard": [
                        "requests.cpu": .string("\(budget.total.requestedCPU)m"),
                        "requests.memory": .string("\(budget.total.requestedMemory)Mi"),
                        "limits.cpu": .string("\(budget.total.limitCPU)m"),
                        "limits.memory": .string("\(budget.total.limitMemory)Mi"),
                        "pods": .string(String(budget.pods)), "persistentvolumeclaims": "3",
                        "requests.storage": .string("\(storage)Gi"),
                        "services": "4", "services.loadbalancers": "0", "services.nodeports": "0", "count/jobs.batch": "8",
                        "count/cronjobs.batch": "2", "count/secrets": "10", "count/configmaps": "10",
                        "count/ingresses.networking.k8s.io": "2",
                    ]
                ]
            ])
    }

    /// Nothing in, nothing out; then names, the way to the database, and the way in from the ingress controller.
    private static func networkPolicies(_ store: Store, databasePort: Int, shopPorts: [Int]) -> [Manifest] {
        let database: JSONValue = ["matchLabels": [Labels.component: "database"]]
        let clients: JSONValue = ["matchLabels": ["store-platform/database-client": "true"]]
        let port: JSONValue = [["port": .integer(databasePort), "protocol": "TCP"]]
        let system: JSONValue = ["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "kube-system"]]]
        func policy(_ name: String, _ spec: JSONValue) -> Manifest {
            Manifest(.networkPolicy, name, of: store, stage: .limits, ["spec": spec])
        }
        return [
            policy("default-deny", ["podSelector": [:], "policyTypes": ["Ingress", "Egress"]]),
            policy(
                "allow-dns",
                [
                    "podSelector": [:], "policyTypes": ["Egress"],
                    "egress": [["to": [system], "ports": [["port": 53, "protocol": "UDP"], ["port": 53, "protocol": "TCP"]]]],
                ]),
            policy(
                "to-database",
                [
                    "podSelector": clients, "policyTypes": ["Egress"],
                    "egress": [["to": [["podSelector": database]], "ports": port]],
                ]),
            policy(
                "database-from-clients",
                [
                    "podSelector": database, "policyTypes": ["Ingress"],
                    "ingress": [["from": [["podSelector": clients]], "ports": port]],
                ]),
            policy(
                "shop-from-ingress",
                [
                    "podSelector": ["matchLabels": [Labels.stage: .string(StageName.shop.rawValue)]], "policyTypes": ["Ingress"],
                    "ingress": [
                        [
                            "from": [["namespaceSelector": ["matchLabels": ["store-platform/ingress": "true"]]]],
                            "ports": .array(shopPorts.map { ["port": .integer($0), "protocol": "TCP"] }),
                        ]
                    ],
                ]),
        ]
    }
}

/// Everything that may run in a namespace at once, a rollout's extra pod and a backup's included.
struct PodBudget {
    let total: PlanSize.Container
    let largest: PlanSize.Container
    let pods: Int

    /// - Parameter containers: one for each pod that may run at the same time.
    init(_ containers: [PlanSize.Container]) {
        let backup = PlanSize.Container(requestedCPU: 100, requestedMemory: 128, limitCPU: 500, limitMemory: 256)
        let all = containers + [backup]
        total = all.dropFirst().reduce(all[0], +)
        largest = PlanSize.Container(
            requestedCPU: all.map(\.requestedCPU).max() ?? 0, requestedMemory: all.map(\.requestedMemory).max() ?? 0,
            limitCPU: all.map(\.limitCPU).max() ?? 0, limitMemory: all.map(\.limitMemory).max() ?? 0)
        pods = all.count + 2  // those that have ended and are not yet collected
    }
}

/// The one Secret of a store: made once, by POST, and read by its pods.
package enum Credentials {
    package static let secret = "credentials"
    package static let adminPassword = "admin-password"
    /// What the administrator of a shop signs in with, besides the password.
    package struct Login: Sendable, Hashable {
        package let username: String
        /// Where.
        package let url: String
    }

    static func manifest(of store: Store, generating keys: [String: SecretValue]) -> Manifest {
        Manifest(.secret, secret, of: store, stage: .settings, write: .createOnce(generating: keys), ["type": "Opaque"])
    }
}

/// A claim; before its pods, for kubelet tries an unbound one again only after 15 s.
enum Claim {
    static func manifest(_ name: String, gibibytes: Int, of store: Store, on platform: PlatformConfiguration) -> Manifest {
        Manifest(.persistentVolumeClaim, name, of: store, stage: .storage, ["spec": spec(gibibytes: gibibytes, on: platform)])
    }

    static func spec(gibibytes: Int, on platform: PlatformConfiguration) -> JSONValue {
        var spec: JSONValue = ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": .string("\(gibibytes)Gi")]]]
        if let storageClass = platform.storageClass { spec["storageClassName"] = .string(storageClass) }
        return spec
    }
}

/// The way in: last, so that nothing half-made can be reached.
enum Address {
    /// - Parameter paths: path and the Service behind it, the most specific first.
    static func stage(of store: Store, on platform: PlatformConfiguration, paths: [(String, String)]) -> Stage {
        let rules: [JSONValue] = paths.map { path, service in
            [
                "path": .string(path), "pathType": "Prefix",
                "backend": ["service": ["name": .string(service), "port": ["name": "http"]]],
            ]
        }
        var spec: JSONValue = ["rules": [["host": .string(platform.host(of: store.slug)), "http": ["paths": .array(rules)]]]]
        if let ingressClass = platform.ingressClass { spec["ingressClassName"] = .string(ingressClass) }
        var annotations: JSONObject = [:]
        let host = JSONValue.string(platform.host(of: store.slug))
        if let issuer = platform.tlsIssuer {
            annotations["cert-manager.io/cluster-issuer"] = .string(issuer)
            spec["tls"] = [["hosts": [host], "secretName": "shop-tls"]]
        } else if platform.usesDefaultCertificate {
            spec["tls"] = [["hosts": [host]]]
        }
        return Stage(
            .address, needs: [.setup, .shop],
            [Manifest(.ingress, "shop", of: store, stage: .address, annotations: annotations, ["spec": spec])])
    }
}
