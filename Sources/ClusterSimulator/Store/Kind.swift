/// A kind of object as data: where it is served and how it behaves. Adding one is a line in `Kind.all`.
struct Kind: Sendable, Equatable {
    let group: String
    let version: String
    let name: String
    let plural: String
    let shortNames: [String]
    let isNamespaced: Bool
    /// `kubectl get all` shows it.
    let isInAll: Bool
    let hasScale: Bool
    /// A change of `spec` raises `metadata.generation`.
    let hasGeneration: Bool
    let hasStatus: Bool

    init(
        _ group: String, _ name: String, _ plural: String, short: [String] = [], isNamespaced: Bool = true, isInAll: Bool = false,
        hasScale: Bool = false, hasGeneration: Bool = false, hasStatus: Bool = false
    ) {
        self.group = group
        version = "v1"
        self.name = name
        self.plural = plural
        shortNames = short
        self.isNamespaced = isNamespaced
        self.isInAll = isInAll
        self.hasScale = hasScale
        self.hasGeneration = hasGeneration
        self.hasStatus = hasStatus
    }

    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Names the kind's table.
    var id: String { group.isEmpty ? plural : "\(plural).\(group)" }

    static let all: [Kind] = [
        Kind("", "ConfigMap", "configmaps", short: ["cm"]),
        Kind("", "Endpoints", "endpoints", short: ["ep"]),
        Kind("", "Event", "events", short: ["ev"]),
        Kind("", "LimitRange", "limitranges", short: ["limits"]),
        Kind("", "Namespace", "namespaces", short: ["ns"], isNamespaced: false, hasStatus: true),
        Kind("", "Node", "nodes", short: ["no"], isNamespaced: false, hasStatus: true),
        Kind("", "PersistentVolumeClaim", "persistentvolumeclaims", short: ["pvc"], hasStatus: true),
        Kind("", "PersistentVolume", "persistentvolumes", short: ["pv"], isNamespaced: false, hasStatus: true),
        Kind("", "Pod", "pods", short: ["po"], isInAll: true, hasGeneration: true, hasStatus: true),
        Kind("", "PodTemplate", "podtemplates"),
        Kind(
            "", "ReplicationController", "replicationcontrollers", short: ["rc"], isInAll: true, hasScale: true,
            hasGeneration: true, hasStatus: true),
        Kind("", "ResourceQuota", "resourcequotas", short: ["quota"], hasStatus: true),
        Kind("", "Secret", "secrets"),
        Kind("", "ServiceAccount", "serviceaccounts", short: ["sa"]),
        Kind("", "Service", "services", short: ["svc"], isInAll: true, hasStatus: true),
        Kind("apps", "ControllerRevision", "controllerrevisions"),
        Kind("apps", "DaemonSet", "daemonsets", short: ["ds"], isInAll: true, hasGeneration: true, hasStatus: true),
        Kind(
            "apps", "Deployment", "deployments", short: ["deploy"], isInAll: true, hasScale: true, hasGeneration: true,
            hasStatus: true),
        Kind(
            "apps", "ReplicaSet", "replicasets", short: ["rs"], isInAll: true, hasScale: true, hasGeneration: true, hasStatus: true),
        Kind(
            "apps", "StatefulSet", "statefulsets", short: ["sts"], isInAll: true, hasScale: true, hasGeneration: true,
            hasStatus: true),
        Kind("batch", "CronJob", "cronjobs", short: ["cj"], isInAll: true, hasGeneration: true, hasStatus: true),
        Kind("batch", "Job", "jobs", isInAll: true, hasGeneration: true, hasStatus: true),
        Kind("networking.k8s.io", "IngressClass", "ingressclasses", isNamespaced: false),
        Kind("networking.k8s.io", "Ingress", "ingresses", short: ["ing"], hasGeneration: true, hasStatus: true),
        Kind("networking.k8s.io", "IPAddress", "ipaddresses", short: ["ip"], isNamespaced: false),
        Kind("networking.k8s.io", "NetworkPolicy", "networkpolicies", short: ["netpol"], hasGeneration: true),
        Kind("networking.k8s.io", "ServiceCIDR", "servicecidrs", isNamespaced: false, hasStatus: true),
        Kind("policy", "PodDisruptionBudget", "poddisruptionbudgets", short: ["pdb"], hasGeneration: true, hasStatus: true),
        Kind("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", isNamespaced: false),
        Kind("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", isNamespaced: false),
        Kind("rbac.authorization.k8s.io", "RoleBinding", "rolebindings"),
        Kind("rbac.authorization.k8s.io", "Role", "roles"),
        Kind("storage.k8s.io", "StorageClass", "storageclasses", short: ["sc"], isNamespaced: false),
        Kind("scheduling.k8s.io", "PriorityClass", "priorityclasses", short: ["pc"], isNamespaced: false),
        Kind("coordination.k8s.io", "Lease", "leases"),
    ]

    private static let byPath: [String: Kind] = Dictionary(
        uniqueKeysWithValues: all.map { ("\($0.group)/\($0.version)/\($0.plural)", $0) })
    private static let byName: [String: Kind] = Dictionary(uniqueKeysWithValues: all.map { ("\($0.group)/\($0.name)", $0) })

    static func served(group: String, version: String, plural: String) -> Kind? { byPath["\(group)/\(version)/\(plural)"] }

    /// A kind this code itself speaks of.
    static func of(_ name: Known) -> Kind { byName["\(name.group)/\(name.rawValue)"] ?? all[0] }

    enum Known: String {
        case namespace = "Namespace"
        case node = "Node"
        case pod = "Pod"
        case service = "Service"
        case serviceAccount = "ServiceAccount"
        case configMap = "ConfigMap"
        case claim = "PersistentVolumeClaim"
        case volume = "PersistentVolume"
        case quota = "ResourceQuota"
        case limitRange = "LimitRange"
        case event = "Event"
        case deployment = "Deployment"
        case replicaSet = "ReplicaSet"
        case statefulSet = "StatefulSet"
        case job = "Job"
        case cronJob = "CronJob"
        case secret = "Secret"
        case ingress = "Ingress"
        case storageClass = "StorageClass"

        var group: String {
            switch self {
            case .deployment, .replicaSet, .statefulSet: "apps"
            case .job, .cronJob: "batch"
            case .ingress: "networking.k8s.io"
            case .storageClass: "storage.k8s.io"
            default: ""
            }
        }
    }
}
