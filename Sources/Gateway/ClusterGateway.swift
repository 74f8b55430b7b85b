package import Engines
import FailPoints
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

    /// The rest, its metadata alone: of a Secret that is all we may want to see. Of quotas also what they allow.
    private func readConfiguration(_ kinds: [Resource], of namespace: String, into observation: inout Observation) async throws {
        if let own = observation.namespace { observation.note(own.metadata, of: .namespace) }
        try await withThrowingTaskGroup(of: (Resource, [(ObjectMeta, JSONValue?)]).self) { group in
            for resource in kinds {
                group.addTask {
                    if resource == .resourceQuota {
                        let page = try await client.list(resource, namespace: namespace, labelSelector: Labels.storeSelector)
                        return (resource, page.items.map { (ObjectMeta(of: $0), $0["spec"]) })
                    }
                    let objects = try await client.listMetadata(
                        resource, namespace: namespace, labelSelector: Labels.storeSelector)
                    return (resource, objects.map { ($0.metadata, nil) })
                }
            }
            for try await (resource, objects) in group {
                for (metadata, spec) in objects { observation.note(metadata, of: resource, spec: spec) }
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

    // MARK: Room

    /// What the nodes have for our stores: all that takes pods, less what is asked for by whatever else runs on the same.
    package func roomForStores() async throws -> Footprint {
        async let nodes = client.list(Node.self)
        async let others = unfinishedPods("\(Labels.type)!=store")
        async let strangers = podsOfOtherInstallations()
        let open = try await nodes.filter(\.takesPods)
        let room = try open.reduce(Footprint.none) { sum, node in
            guard let own = Footprint(of: node) else {
                throw KubernetesError.malformedAnswer("of the node \(node.metadata.name) an “allocatable” without amounts")
            }
            return sum + own
        }
        let names = Set(open.map(\.metadata.name))
        return try await (others + strangers).filter { $0.nodeName.map(names.contains) ?? false }.reduce(room) {
            $0 - Footprint(of: $1)
        }
    }

    /// Pods of stores do not say of which installation they are: their namespaces do.
    private func podsOfOtherInstallations() async throws -> [Pod] {
        let selector = "\(Labels.storeSelector),\(Labels.install),\(Labels.install)!=\(platform.installID)"
        let namespaces = Set(try await client.listMetadata(.namespace, labelSelector: selector).map(\.metadata.name))
        guard !namespaces.isEmpty else { return [] }
        return try await unfinishedPods(Labels.storeSelector).filter { namespaces.contains($0.metadata.namespace ?? "") }
    }

    private func unfinishedPods(_ labelSelector: String) async throws -> [Pod] {
        try await client.list(
            Pod.self, labelSelector: labelSelector, fieldSelector: "status.phase!=Succeeded,status.phase!=Failed")
    }

    // MARK: Changing

    /// Writes objects, side by side: they are of one stage and do not need each other.
    ///
    /// - Returns: the observation with the API server's answers taken in.
    package func write(_ manifests: [Manifest], into observation: Observation) async throws -> Observation {
        var observation = observation
        // The namespace comes before what is in it.
        let first = manifests.filter { !$0.resource.isNamespaced }
        // Once everything has been read, how it looks after a change is worth reading too.
        let readsAnswer = observation.isComplete && observation.namespace != nil
        for manifest in first { observation.note(manifest, answeredBy: try await write(manifest, readsAnswer: true)) }
        try await withThrowingTaskGroup(of: (Manifest, JSONValue?).self) { group in
            for manifest in manifests where manifest.resource.isNamespaced {
                group.addTask { (manifest, try await write(manifest, readsAnswer: readsAnswer)) }
            }
            for try await (manifest, answer) in group { observation.note(manifest, answeredBy: answer) }
        }
        return observation
    }

    /// - Returns: the answer where it says more than that the object is there now.
    private func write(_ manifest: Manifest, readsAnswer: Bool) async throws -> JSONValue? {
        FailPoint.reach(manifest.writePoints.before)
        defer { FailPoint.reach(manifest.writePoints.after) }
        switch manifest.write {
        case .apply:
            if readsAnswer || Observation.statefulKinds.contains(manifest.resource) {
                return try await client.apply(manifest.json, as: manifest.resource)
            }
            try await client.applyUnread(manifest.json, as: manifest.resource)
        case .createOnce(let keys):
            do {
                let secret = try ClusterGateway.generated(manifest.json, keys)
                if readsAnswer { return try await client.create(secret, as: manifest.resource) }
                try await client.createUnread(secret, as: manifest.resource)
            } catch let error as KubernetesError where error.isAlreadyExists {
                // The one that is there is kept: its passwords are in use. It was not among ours, so its labels are put right.
                return try await relabel(manifest)
            }
        }
        return nil
    }

    /// Gives an object that is there the labels and annotations of its manifest, and leaves what is in it.
    private func relabel(_ manifest: Manifest) async throws -> JSONValue {
        let reference = ObjectReference(
            resource: manifest.resource, namespace: manifest.json[path: "metadata", "namespace"]?.string, name: manifest.name)
        let there = try await client.get(reference)
        var json = manifest.json
        var metadata = json["metadata"] ?? [:]
        // One of the same name that is another by now is not to be made out of this: it would have no passwords.
        metadata["uid"] = there[path: "metadata", "uid"]
        json["metadata"] = metadata
        return try await client.apply(json, as: manifest.resource)
    }

    /// Sends every manifest again and sees what that changes: an object is put right if somebody has altered what it says.
    ///
    /// Fields that others have added stay theirs, except in what keeps a store apart from the others: there nothing may be added.
    /// - Returns: what was not as its manifest says.
    package func verify(_ manifests: [Manifest], in observation: inout Observation) async throws -> [ObjectID] {
        FailPoint.reach(.healBefore)
        var healed: [ObjectID] = []
        for manifest in manifests {
            let before = observation.mark(of: manifest.id)
            var answer: JSONValue
            if case .createOnce = manifest.write {
                answer = try await relabel(manifest)
            } else {
                answer = try await client.apply(manifest.json, as: manifest.resource)
                if Isolation.kinds.contains(manifest.resource), answer["spec"] != manifest.json["spec"] {
                    answer = try await client.replace(manifest.json, as: manifest.resource)
                }
            }
            observation.note(answer, of: manifest.resource)
            if observation.mark(of: manifest.id) != before { healed.append(manifest.id) }
        }
        FailPoint.reach(.healAfter)
        observation.isVerified = true
        return healed
    }

    /// The Secret with random values.
    private static func generated(_ json: JSONValue, _ keys: [String: SecretValue]) throws -> JSONValue {
        var random = SystemRandomNumberGenerator()  // getrandom(2)
        func characters(_ count: Int, of alphabet: String) -> String {
            let all = Array(alphabet)
            return String((0..<count).map { _ in all[Int.random(in: 0..<all.count, using: &random)] })
        }
        var data: JSONValue = [:]
        for (key, value) in keys.sorted(by: { $0.key < $1.key }) {
            let text =
                switch value {
                case .text(let count): characters(count, of: "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
                case .hexadecimal(let word, let digits): word + characters(digits, of: "0123456789abcdef")
                }
            data[key] = .string(Data(text.utf8).base64EncodedString())
        }
        var json = json
        json["data"] = data
        return json
    }

    /// Asks for a namespace to go, together with its pods and claims, which ends in a third of the time.
    /// - Parameter uid: a namespace of the same name that is another is left alone.
    package func removeNamespace(of id: StoreID, uid: String) async throws {
        do {
            FailPoint.reach(.namespaceDeleteBefore)
            try await client.delete(ObjectReference(resource: .namespace, namespace: nil, name: id.namespace), uid: uid)
            FailPoint.reach(.namespaceDeleteAfter)
            try await client.deleteAll(.pod, namespace: id.namespace, gracePeriodSeconds: 1)
            FailPoint.reach(.podsDeleteAfter)
            try await client.deleteAll(.persistentVolumeClaim, namespace: id.namespace, gracePeriodSeconds: 1)
            FailPoint.reach(.claimsDeleteAfter)
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }  // gone, or another's: the next look says which
        }
    }

    package func removeJob(_ name: String, uid: String, of id: StoreID) async throws {
        do {
            FailPoint.reach(.jobDeleteBefore)
            try await client.delete(
                ObjectReference(resource: .job, namespace: id.namespace, name: name), uid: uid, propagation: .background)
            FailPoint.reach(.jobDeleteAfter)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    // MARK: All stores

    /// The namespaces of this installation's stores.
    package func storeNamespaces() async throws -> [PartialObject] {
        try await client.listMetadata(.namespace, labelSelector: "\(Labels.storeSelector),\(Labels.install)=\(platform.installID)")
    }

    /// Those of which something that should run does not. The objects are looked at page by page, and not kept.
    package func unwellStores() async throws -> Set<StoreID> {
        let sets = try await client.list(.statefulSet, labelSelector: Labels.storeSelector) { json in
            StatefulSet(json: json).isRolledOut ? nil : ObjectMeta(of: json).namespace
        }
        let deployments = try await client.list(.deployment, labelSelector: Labels.storeSelector) { json in
            Deployment(json: json).isRolledOut ? nil : ObjectMeta(of: json).namespace
        }
        return Set((sets + deployments).compactMap { $0.flatMap(StoreID.init(namespace:)) })
    }

    /// - Parameters:
    ///   - metadataOnly: where nothing but the object's version and labels is looked at.
    ///   - beginsWithMetadata: where that holds of what there is already.
    package func watch(_ resource: Resource, metadataOnly: Bool, beginsWithMetadata: Bool = false) -> WatchSequence {
        client.watch(
            resource, labelSelector: Labels.storeSelector, metadataOnly: metadataOnly, beginsWithMetadata: beginsWithMetadata)
    }

    /// The password of the shop's administrator, read at this moment; nil where its Secret is not there.
    /// Never to be logged, kept or put into an event.
    package func adminPassword(of id: StoreID) async throws -> String? {
        do {
            let secret = try await client.get(Secret.self, namespace: id.namespace, name: Credentials.secret)
            return secret.string(Credentials.adminPassword)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// What the set-up has said of its steps so far, by the pod that began last.
    package func setupSteps(of id: StoreID, in observation: Observation) async throws -> [SetupStep] {
        let pods = observation.pods(of: StageName.setup.rawValue).filter(\.hasBegun)
        guard let pod = pods.max(by: { ($0.metadata.creationTimestamp ?? "") < ($1.metadata.creationTimestamp ?? "") }) else {
            return []
        }
        do {
            let log = try await client.log(ofPod: pod.metadata.name, namespace: id.namespace, limitBytes: 256 << 10)
            return SetupStep.steps(in: log)
        } catch {
            // The pod has gone since, or its container is being started again: the next look may find more.
            guard error.isNotFound || error.isBadRequest else { throw error }
            return []
        }
    }

    /// Volumes that were claimed from a store's namespace and are not bound any more: name, and the store.
    package func releasedVolumes() async throws -> [(name: String, store: StoreID)] {
        try await client.list(PersistentVolume.self).compactMap { volume in
            guard volume.phase == "Released" || volume.phase == "Failed", let namespace = volume.claimNamespace,
                let id = StoreID(namespace: namespace)
            else { return nil }
            return (volume.metadata.name, id)
        }
    }
}

extension Manifest {
    fileprivate var writePoints: (before: FailPoint, after: FailPoint) {
        if case .createOnce = write { return (.secretCreateBefore, .secretCreateAfter) }
        return resource == .namespace ? (.namespaceWriteBefore, .namespaceWriteAfter) : (.objectWriteBefore, .objectWriteAfter)
    }
}

extension Observation {
    fileprivate mutating func note(_ manifest: Manifest, answeredBy answer: JSONValue?) {
        if let answer { note(answer, of: manifest.resource) } else { note(manifest) }
    }
}
