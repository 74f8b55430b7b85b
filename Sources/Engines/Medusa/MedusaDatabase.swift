import JSON
import Kubernetes
import Stores

extension MedusaParts {
    var databaseService: Manifest {
        Manifest(
            .service, "postgres", of: store, stage: .database,
            [
                "spec": [
                    "clusterIP": "None", "selector": .object(databasePod.selector),
                    "ports": [["name": "postgres", "port": 5432, "protocol": "TCP"]],
                ]
            ])
    }

    var database: Manifest {
        Manifest(
            .statefulSet, "postgres", of: store, stage: .database,
            [
                "spec": [
                    "serviceName": "postgres", "replicas": 1, "selector": ["matchLabels": .object(databasePod.selector)],
                    "persistentVolumeClaimRetentionPolicy": ["whenDeleted": "Delete", "whenScaled": "Retain"],
                    "template": databasePod.json,
                    "volumeClaimTemplates": [
                        ["metadata": ["name": "data"], "spec": Claim.spec(gibibytes: size.databaseStorage, on: platform)]
                    ],
                ]
            ])
    }

    private var databasePod: PodTemplate {
        let isUp = ["pg_isready", "-h", "127.0.0.1", "-U", "medusa", "-d", "medusa"]
        return PodTemplate(
            store: store, stage: .database, component: "database", user: MedusaParts.databaseUser, gracePeriod: 30,
            container: ContainerTemplate(
                name: "postgres", image: platform.image(.postgres), size: size.backendDatabase,
                environment: [
                    ("POSTGRES_DB", "medusa"), ("POSTGRES_USER", "medusa"),
                    ("PGDATA", "/var/lib/postgresql/data/pgdata"),  // the volume's root has a lost+found
                ],
                secrets: [("POSTGRES_PASSWORD", "database-password")], port: ("postgres", 5432),
                probes: [
                    "startupProbe": Probe.command(isUp, period: 1, timeout: 5, failures: 180),
                    "readinessProbe": Probe.command(isUp, period: 10, timeout: 5, failures: 3),
                    "livenessProbe": Probe.tcp("postgres", period: 10, timeout: 3, failures: 6),
                ],
                mounts: [
                    ("data", "/var/lib/postgresql/data", false), ("run", "/var/run/postgresql", false), ("tmp", "/tmp", false),
                ]),
            volumes: [Volume.empty("run", limit: "8Mi"), Volume.empty("tmp", limit: "64Mi")])
    }

    var cacheService: Manifest {
        Manifest(
            .service, "redis", of: store, stage: .database,
            [
                "spec": [
                    "selector": .object(cachePod.selector),
                    "ports": [["name": "redis", "port": 6379, "targetPort": "redis", "protocol": "TCP"]],
                ]
            ])
    }

    var cache: Manifest {
        Manifest(
            .deployment, "redis", of: store, stage: .database,
            [
                "spec": [
                    "replicas": 1, "strategy": ["type": "Recreate"], "selector": ["matchLabels": .object(cachePod.selector)],
                    "template": cachePod.json,
                ]
            ])
    }

    private var cachePod: PodTemplate {
        PodTemplate(
            store: store, stage: .database, component: "cache", user: MedusaParts.databaseUser, gracePeriod: 5,
            container: ContainerTemplate(
                name: "redis", image: platform.image(.redis), size: size.cache,
                arguments: ["--save", "", "--appendonly", "no", "--maxmemory", "96mb", "--maxmemory-policy", "noeviction"],
                port: ("redis", 6379),
                probes: [
                    "startupProbe": Probe.tcp("redis", period: 1, timeout: 3, failures: 60),
                    "readinessProbe": Probe.tcp("redis", period: 10, timeout: 3, failures: 3),
                    "livenessProbe": Probe.tcp("redis", period: 10, timeout: 3, failures: 6),
                ], mounts: [("data", "/data", false)]),
            volumes: [Volume.empty("data", limit: "64Mi")])
    }
}
