package import Engines
import Foundation
import JSON
package import Kubernetes
package import Stores

/// A store as the cluster sees it: what is there of it, making it, removing it. Names and ways of Kubernetes end here.
///
/// Everything throws `KubernetesError`.
package struct ClusterGateway: Sendable {
    private let client: KubernetesClient
    package let platform: PlatformConfiguration

    package init(client: KubernetesClient, platform: PlatformConfiguration) {
        self.client = client
        self.platform = platform
    }

    package var statistics: Statistics { client.statistics }

    // MARK: Observing

    /// Reads what decides of a store: its namespace, and if that is there the kinds that run something; all kinds where asked.
    ///
    /// - Parameter includingSecrets: false where nobody decides by what is seen: whoever may list Secrets may read every password.
    package func observe(_ id: StoreID, everything: Bool, includingSecrets: Bool = true) async throws -> Observation {
        var observation = Observation()
        guard let namespace = try await namespace(of: id) else {
            observation.isComplete = true  // where there is no namespace there is nothing in it
            return observation
        }
        observation.namespace = namespace
        guard !namespace.isTerminating else { return observation }
        try await readWorkloads(of: id.namespace, into: &observation)
        if everything { try await complete(&observation, of: id, includingSecrets: includingSecrets) }
        if observation.claims.contains(where: { $0.phase == "Pending" }) {
            observation.waitingStorageClasses = try await waitingStorageClasses()
        }
        return observation
    }

    /// Reads the kinds that were left out: then all of them have been read.
    package func complete(_ observation: inout Observation, of id: StoreID, includingSecrets: Bool = true) async throws {
        let kinds = ClusterGateway.configurationKinds.filter { includingSecrets || $0 != .secret }
        try await readConfiguration(kinds, of: id.namespace, into: &observation)
        observation.isComplete = true
    }

    package func namespace(of id: StoreID) async throws -> Namespace? {
        do {
            return try await client.get(Namespace.self, namespace: nil, name: id.namespace)
        } catch  where error.isNotFound {
            return nil
        }
    }

    private func readWorkloads(of namespace: String, into observation: inout Observation) async throws {
        async let claims = client.list(.persistentVolumeClaim, namespace: namespace, labelSelector: Labels.storeSelector)
        async let sets = client.list(.statefulSet, namespace: namespace, labelSelector: Labels.storeSelector)
        async let deployments = client.list(.deployment, namespace: namespace, labelSelector: Labels.storeSelector)
        async let jobs = client.list(.job, namespace: namespace, labelSelector: Labels.storeSelector)
        async let pods = client.list(Pod.self, namespace: namespace, labelSelector: Labels.storeSelector)
        for (page, resource) in [
            (try await claims, Resource.persistentVolumeClaim), (try await sets, .statefulSet),
            (try await deployments, .deployment),
            (try await jobs, .job),
        ] {
            for item in page.items { observation.note(item, of: resource) }
        }
        observation.pods = try await pods
    }

    private static let configurationKinds: [Resource] = [
        .serviceAccount, .limitRange, .resourceQuota, .networkPolicy, .secret, .configMap, .service, .cronJob, .ingress,
    ]

    /// The rest, its metadata alone: of a Secret that is all we may want to see.
    private func readConfiguration(_ kinds: [Resource], of namespace: String, into observation: inout Observation) async throws {
        if let own = observation.namespace {
            observation.hashes[ObjectID(kind: Resource.namespace.kind, name: namespace)] = .some(
                own.metadata.annotations[Manifest.hashAnnotation])
        }
        try await withThrowingTaskGroup(of: (Resource, [PartialObject]).self) { group in
            for resource in kinds {
                group.addTask {
                    (resource, try await client.listMetadata(resource, namespace: namespace, labelSelector: Labels.storeSelector))
                }
            }
            for try await (resource, objects) in group {
                for object in objects {
                    observation.hashes[ObjectID(kind: resource.kind, name: object.metadata.name)] = .some(
                        object.metadata.annotations[Manifest.hashAnnotation])
                }
            }
        }
    }

    private func waitingStorageClasses() async throws -> Set<String> {
        Set(try await client.list(StorageClass.self).filter { $0.volumeBindingMode == "WaitForFirstConsumer" }.map(\.metadata.name))
    }

    /// Reads the claims again: they are bound a moment after they are made.
    package func refreshClaims(of id: StoreID, in observation: inout Observation) async throws {
        let page = try await client.list(.persistentVolumeClaim, namespace: id.namespace, labelSelector: Labels.storeSelector)
        for item in page.items { observation.note(item, of: .persistentVolumeClaim) }
        if observation.claims.contains(where: { $0.phase == "Pending" }) {
            observation.waitingStorageClasses = try await waitingStorageClasses()
        }
    }

    /// Adds what the cluster's components warn of, by pod: the last word on each.
    package func readWarnings(of id: StoreID, into observation: inout Observation) async throws {
        for event in try await client.list(Event.self, namespace: id.namespace)
        where event.type == "Warning" && event.involvedKind == "Pod" {
            observation.warnings[event.involvedName] = event.message
        }
    }

    // MARK: Changing

    /// Writes objects, side by side: they are of one stage and do not need each other.
    ///
    /// - Returns: the observation with the API server's answers taken in.
    package func write(_ manifests: [Manifest], into observation: Observation) async throws -> Observation {
        var observation = observation
        // The namespace comes before what is in it.
        let first = manifests.filter { !$0.resource.isNamespaced }
        for manifest in first { observation.note(manifest, answeredBy: try await write(manifest)) }
        try await withThrowingTaskGroup(of: (Manifest, JSONValue?).self) { group in
            for manifest in manifests where manifest.resource.isNamespaced {
                group.addTask { (manifest, try await write(manifest)) }
            }
            for try await (manifest, answer) in group { observation.note(manifest, answeredBy: answer) }
        }
        return observation
    }

    /// - Returns: the answer where it says more than that the object is there now.
    private func write(_ manifest: Manifest) async throws -> JSONValue? {
        switch manifest.write {
        case .apply:
            if Observation.statefulKinds.contains(manifest.resource) {
                return try await client.apply(manifest.json, as: manifest.resource)
            }
            try await client.applyUnread(manifest.json, as: manifest.resource)
        case .createOnce(let keys):
            do {
                try await client.createUnread(ClusterGateway.generated(manifest.json, keys), as: manifest.resource)
            } catch let error as KubernetesError where error.isAlreadyExists {
                break  // the one that is there is kept: its passwords are in use
            }
        }
        return nil
    }

    /// The Secret with random values: letters and digits, which no shell, URL or configuration file reads as something else.
    private static func generated(_ json: JSONValue, _ keys: [String: Int]) throws -> JSONValue {
        let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789".utf8)
        var data: JSONValue = [:]
        for (key, length) in keys.sorted(by: { $0.key < $1.key }) {
            var random = SystemRandomNumberGenerator()  // getrandom(2)
            let value = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            data[key] = .string(Data(value).base64EncodedString())
        }
        var json = json
        json["data"] = data
        return json
    }

    /// Asks for a namespace to go, together with its pods and claims, which ends in a third of the time.
    /// - Parameter uid: a namespace of the same name that is another is left alone.
    package func removeNamespace(of id: StoreID, uid: String) async throws {
        do {
            try await client.delete(ObjectReference(resource: .namespace, namespace: nil, name: id.namespace), uid: uid)
            for resource in [Resource.pod, .persistentVolumeClaim] {
                try await client.deleteAll(resource, namespace: id.namespace, gracePeriodSeconds: 1)
            }
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }  // gone, or another's: the next look says which
        }
    }

    package func removeJob(_ name: String, uid: String, of id: StoreID) async throws {
        do {
            try await client.delete(
                ObjectReference(resource: .job, namespace: id.namespace, name: name), uid: uid, propagation: .background)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    // MARK: All stores

    /// The namespaces of this installation's stores.
    package func storeNamespaces() async throws -> [PartialObject] {
        try await client.listMetadata(.namespace, labelSelector: "\(Labels.storeSelector),\(Labels.install)=\(platform.installID)")
    }

    package func watch(_ resource: Resource) -> WatchSequence {
        client.watch(resource, labelSelector: Labels.storeSelector)
    }
}

extension Observation {
    fileprivate mutating func note(_ manifest: Manifest, answeredBy answer: JSONValue?) {
        if let answer { note(answer, of: manifest.resource) } else { note(manifest) }
    }
}
