import JSON
import Kubernetes
import Stores

extension WooCommerceParts {
    /// Installs and verifies the shop: once, in steps each of which changes nothing when it is run again.
    var setup: Manifest {
        var pod = wordpressPod(
            .setup, "setup", size.setup,
            WooCommerceParts.program("setup"))
        pod.container.environment = [("STORE_ADMIN_PASSWORD_FILE", "/run/secrets/admin/\(Credentials.adminPassword)")]
        pod.container.mounts.append(("admin", "/run/secrets/admin", true))
        pod.volumes.append(Volume.secret("admin", keys: [Credentials.adminPassword]))
        // A wrong command, a refused password and a wrong environment do not heal by trying again.
        return SetupJob.manifest(of: store, pod: pod, hopelessExitCodes: [64, 77, 78])
    }

    static func program(_ command: String) -> [String] { ["php", "/usr/local/share/store/store.php", command] }
}
