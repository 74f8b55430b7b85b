import Synchronization

/// How often this process has compared the rows with the cluster, for the metrics: who waits for agreement sees by it that there was a look.
package final class Comparisons: Sendable {
    private let counts = Mutex((namespaces: 0, objects: 0))

    package init() {}

    /// Of all namespaces: at start-up and each minute.
    package var ofNamespaces: Int { counts.withLock(\.namespaces) }
    /// Of all objects: whenever the watches have listed everything.
    package var ofObjects: Int { counts.withLock(\.objects) }

    func noteNamespaces() { counts.withLock { $0.namespaces += 1 } }

    func noteObjects() { counts.withLock { $0.objects += 1 } }
}
