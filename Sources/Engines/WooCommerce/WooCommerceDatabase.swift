import JSON
import Kubernetes
import Stores

extension WooCommerceParts {
    var databaseService: Manifest {
        Manifest(
            .service, "mariadb", of: store, stage: .database,
            [
                "spec": [
                    "clusterIP": "None", "selector": .object(databasePod.selector),
                    "ports": [["name": "mysql", "port": 3306, "protocol": "TCP"]],
                ]
            ])
    }

    var database: Manifest {
        Manifest(
            .statefulSet, "mariadb", of: store, stage: .database,
            [
                "spec": [
                    "serviceName": "mariadb", "replicas": 1, "selector": ["matchLabels": .object(databasePod.selector)],
                    "persistentVolumeClaimRetentionPolicy": ["whenDeleted": "Delete", "whenScaled": "Retain"],
                    "template": databasePod.json,
                    "volumeClaimTemplates": [
                        ["metadata": ["name": "data"], "spec": Claim.spec(gibibytes: size.databaseStorage, on: platform)]
                    ],
                ]
            ])
    }

    /// A kill during the first start leaves a data directory that never works: no users, or InnoDB will not start. So it is marked until
    /// the last init script has run, and a marked one is emptied and made anew. Kills at four moments of a first start then all healed.
    private static let start = """
        d=/var/lib/mysql; m=$d/.initialising
        if [ -e $m ]; then find $d -mindepth 1 ! -path $m -delete; elif [ -z "$(ls -A $d | grep -vx lost+found)" ]; then touch $m; fi
        exec docker-entrypoint.sh mariadbd "$@"
        """

    private var databasePod: PodTemplate {
        // Over TCP, so that the temporary server of the first start does not count as up.
        let isUp = ["healthcheck.sh", "--connect", "--innodb_initialized"]
        return PodTemplate(
            store: store, stage: .database, component: "database", user: WooCommerceParts.databaseUser, gracePeriod: 30,
            container: ContainerTemplate(
                name: "mariadb", image: platform.image(.mariaDB), size: size.database,
                command: ["bash", "-c", WooCommerceParts.start, "mariadbd"],
                arguments: [
                    "--skip-name-resolve", "--max-connections=\(30 * max(1, size.shopReplicas))",
                    "--innodb-buffer-pool-size=\(max(64, size.database.limitMemory / 3))M", "--innodb-log-file-size=24M",
                    "--innodb-log-buffer-size=4M", "--performance-schema=OFF", "--aria-pagecache-buffer-size=8M",
                    "--key-buffer-size=1M",
                    "--query-cache-type=0", "--query-cache-size=0", "--table-open-cache=400", "--tmp-table-size=8M",
                    "--max-heap-table-size=8M",
                ],
                environment: [
                    ("MARIADB_DATABASE", "wordpress"), ("MARIADB_USER", "wordpress"), ("MARIADB_ROOT_HOST", "localhost"),
                    ("MARIADB_INITDB_SKIP_TZINFO", "1"),
                ],
                secrets: [("MARIADB_ROOT_PASSWORD", "database-root-password"), ("MARIADB_PASSWORD", "database-password")],
                port: ("mysql", 3306),
                probes: [
                    "startupProbe": Probe.command(isUp, period: 1, timeout: 5, failures: 180),
                    "readinessProbe": Probe.command(isUp, period: 10, timeout: 5, failures: 3),
                    "livenessProbe": Probe.tcp("mysql", period: 10, timeout: 3, failures: 6),
                ],
                mounts: [
                    ("data", "/var/lib/mysql", false), ("run", "/run/mysqld", false),
                    ("initdb", "/docker-entrypoint-initdb.d", true),
                    ("tmp", "/tmp", false),
                ]),
            volumes: [
                Volume.empty("run", limit: "8Mi"), Volume.configuration("initdb", "mariadb-init"),
                Volume.empty("tmp", limit: "256Mi"),
            ])
    }
}
