import JSON
import Kubernetes
import Stores

extension WooCommerceParts {
    /// Installs and verifies the shop: once, four steps, each of which changes nothing when it is run again. A process for each, since a
    /// plugin that a process activates is not loaded in it.
    var setup: Manifest {
        var pod = wordpressPod(
            .setup, "setup", size.setup,
            ["bash", "-c", "for s in install activate configure verify; do php /usr/local/share/store.php $s || exit 1; done"])
        pod.container.environment = [("STORE_ADMIN_PASSWORD_FILE", "/run/secrets/admin/\(Credentials.adminPassword)")]
        pod.container.mounts.append(("admin", "/run/secrets/admin", true))
        pod.volumes.append(Volume.secret("admin", keys: [Credentials.adminPassword]))
        return SetupJob.manifest(of: store, pod: pod)
    }
}
