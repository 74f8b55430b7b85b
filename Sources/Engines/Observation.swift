package import JSON
package import Kubernetes
import Stores

/// What the cluster shows of a store at one moment: read for one decision, and never kept for another.
package struct Observation: Sendable {
    /// Nil where the cluster answers 404.
    package var namespace: Namespace?
    /// The hash annotation of every object that was read, nil where it has none.
    package var hashes: [ObjectID: String?] = [:]
    /// The mark of every object that was read whole enough for it; see `Seal`.
    private var marks: [ObjectID: UInt64] = [:]
    private var labels: [ObjectID: [String: String]] = [:]
    /// Whether somebody else has written to any of its objects, as far as these tell.
    package private(set) var isTouchedByOthers = false
    /// Written, and the answer not read: how they look now is not known.
    private var unmarked: Set<ObjectID> = []
    /// Every manifest has just been sent again: what differed from it is as it should be.
    package var isVerified = false
    /// Whether every kind has been read, or only those that run something.
    package var isComplete = false
    package var claims: [PersistentVolumeClaim] = []
    package var statefulSets: [StatefulSet] = []
    package var deployments: [Deployment] = []
    package var jobs: [Job] = []
    package var pods: [Pod] = []
    /// Classes whose claims are bound only when a pod uses them.
    package var waitingStorageClasses: Set<String> = []
    /// Messages of the cluster's warning events, by the pod they are about; read where something is unwell.
    package var warnings: [String: String] = [:]

    package init() {}

    /// The kinds whose state decides; of the others it only counts that they are there as their manifests say.
    package static let statefulKinds: Set<Resource> = [.namespace, .persistentVolumeClaim, .statefulSet, .deployment, .job]

    /// Takes in that an object was written and the API server has acknowledged it.
    package mutating func note(_ manifest: Manifest) {
        hashes[manifest.id] = .some(manifest.hash)
        labels[manifest.id] = nil
        unmarked.insert(manifest.id)
    }

    /// Takes in an object of which only the metadata counts, or that and a quota's spec.
    package mutating func note(_ metadata: ObjectMeta, of resource: Resource, spec: JSONValue? = nil) {
        let id = ObjectID(kind: resource.kind, name: metadata.name)
        hashes[id] = .some(metadata.annotations[Manifest.hashAnnotation])
        unmarked.remove(id)
        labels[id] = metadata.labels
        isTouchedByOthers = isTouchedByOthers || metadata.isTouchedByOthers
        if Seal.covers(metadata) { marks[id] = Seal.mark(of: metadata, resource, spec: spec) }
    }

    /// Whether an object is known to lack labels that its manifest gives it.
    func lacksLabels(of manifest: Manifest) -> Bool {
        guard let labels = labels[manifest.id] else { return false }
        return manifest.labels.contains { labels[$0.key] != $0.value }
    }

    package func mark(of id: ObjectID) -> UInt64? { marks[id] }

    /// How all of it looks; nil where something of it is not known.
    package var seal: Seal? { isComplete && unmarked.isEmpty ? Seal(marks.values) : nil }

    /// Takes in the API server's answer to a write: as fresh as a read.
    package mutating func note(_ json: JSONValue, of resource: Resource) {
        let metadata = ObjectMeta(of: json)
        note(metadata, of: resource, spec: json["spec"])
        func replace<Object: KubernetesObject>(_ objects: inout [Object]) {
            objects.removeAll { $0.metadata.name == metadata.name }
            objects.append(Object(json: json))
        }
        switch resource {
        case .namespace: namespace = Namespace(json: json)
        case .persistentVolumeClaim: replace(&claims)
        case .statefulSet: replace(&statefulSets)
        case .deployment: replace(&deployments)
        case .job: replace(&jobs)
        default: break
        }
    }

    /// Whether something that runs pods is there: then everything it needs was there before it.
    package var hasWorkloads: Bool { !statefulSets.isEmpty || !deployments.isEmpty || !jobs.isEmpty }

    /// Whether a database of the store may have been opened with its passwords: it was ready in this namespace, or a pod has begun to run,
    /// which none does without them. A write that was long on its way can bring a workload into a namespace before its Secret.
    func mayHoldData(of store: Store) -> Bool {
        guard hasWorkloads else { return false }
        let wasReady = store.readyAt != nil && store.namespaceUID == namespace?.metadata.uid
        return wasReady || pods.contains(where: \.hasBegun) || statefulSets.contains { $0.readyReplicas > 0 }
    }

    /// Whether every object of a kind was read, so that one which is not among them is not there.
    package func hasRead(_ resource: Resource) -> Bool {
        isComplete || [.persistentVolumeClaim, .statefulSet, .deployment, .job].contains(resource)
    }

    package func pods(of stage: String) -> [Pod] { pods.filter { $0.metadata.labels[Labels.stage] == stage } }
}
