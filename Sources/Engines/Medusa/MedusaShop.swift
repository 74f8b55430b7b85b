import JSON
import Kubernetes
import Stores

extension MedusaParts {
    /// Migrations, seed and administrator, in exactly one Job; each step changes nothing when it is run again.
    var setup: Manifest {
        var pod = backendTemplate(.setup, "setup")
        pod.restartPolicy = "Never"
        pod.gracePeriod = 2
        pod.container.command = ["node", "/srv/medusa/setup.js"]
        pod.container.environment += [
            ("STORE_ADMIN_PASSWORD_FILE", "/run/secrets/store/\(Credentials.adminPassword)"),
            ("STORE_PUBLISHABLE_KEY_FILE", "/run/secrets/store/\(MedusaParts.publishableKey)"),
        ]
        pod.container.mounts.append(("secrets", "/run/secrets/store", true))
        pod.volumes.append(Volume.secret("secrets", keys: [Credentials.adminPassword, MedusaParts.publishableKey]))
        return SetupJob.manifest(of: store, pod: pod, hopelessExitCodes: [78])
    }

    var backendService: Manifest { service("medusa", backendPod) }
    var backend: Manifest { deployment("medusa", backendPod, replicas: size.shopReplicas) }
    var storefrontService: Manifest { service("storefront", storefrontPod) }
    var storefront: Manifest { deployment("storefront", storefrontPod, replicas: 1) }

    private var backendPod: PodTemplate {
        var pod = backendTemplate(.shop, "backend")
        pod.container.port = ("http", 9000)
        pod.container.lifecycle = ["preStop": ["sleep": ["seconds": 3]]]
        pod.container.probes = [
            "startupProbe": Probe.http("/health", period: 1, timeout: 5, failures: 240),
            "readinessProbe": Probe.http("/health", period: 5, timeout: 5, failures: 3),
            "livenessProbe": Probe.tcp("http", period: 10, timeout: 5, failures: 6),
        ]
        return pod
    }

    private func backendTemplate(_ stage: StageName, _ component: String) -> PodTemplate {
        PodTemplate(
            store: store, stage: stage, component: component, usesDatabase: true, usesUploads: true, user: MedusaParts.user,
            gracePeriod: 30,
            container: ContainerTemplate(
                name: component, image: platform.image(.medusa), size: size.backend,
                secrets: [
                    ("DATABASE_PASSWORD", "database-password"), ("JWT_SECRET", "jwt-secret"), ("COOKIE_SECRET", "cookie-secret"),
                ],
                configuration: [MedusaParts.settings], mounts: [("uploads", "/srv/medusa/static", false), ("tmp", "/tmp", false)]),
            volumes: [Volume.claim("uploads", "uploads"), Volume.empty("tmp", limit: "256Mi")])
    }

    private var storefrontPod: PodTemplate {
        PodTemplate(
            store: store, stage: .shop, component: "storefront", user: MedusaParts.user, gracePeriod: 10,
            container: ContainerTemplate(
                name: "storefront", image: platform.image(.medusaStorefront), size: size.storefront,
                port: ("http", 8080),
                probes: [
                    "startupProbe": Probe.http("/healthz", period: 1, timeout: 3, failures: 60),
                    "readinessProbe": Probe.http("/healthz", period: 5, timeout: 3, failures: 3),
                    "livenessProbe": Probe.tcp("http", period: 10, timeout: 3, failures: 6),
                ],
                mounts: [
                    ("configuration", "/etc/storefront/config", true), ("key", "/etc/storefront/key", true), ("tmp", "/tmp", false),
                ],
                lifecycle: ["preStop": ["sleep": ["seconds": 3]]]),
            volumes: [
                Volume.configuration("configuration", "storefront"), Volume.secret("key", keys: [MedusaParts.publishableKey]),
                Volume.empty("tmp", limit: "32Mi"),
            ])
    }

    private func service(_ name: String, _ pod: PodTemplate) -> Manifest {
        Manifest(
            .service, name, of: store, stage: .shop,
            [
                "spec": [
                    "selector": .object(pod.selector),
                    "ports": [["name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"]],
                ]
            ])
    }

    private func deployment(_ name: String, _ pod: PodTemplate, replicas: Int) -> Manifest {
        Manifest(
            .deployment, name, of: store, stage: .shop,
            [
                "spec": [
                    "replicas": .integer(replicas), "revisionHistoryLimit": 3, "progressDeadlineSeconds": 600,
                    "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
                    "selector": ["matchLabels": .object(pod.selector)], "template": pod.json,
                ]
            ])
    }
}
