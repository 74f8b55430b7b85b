package import JSON

extension KubernetesClient {
    /// Reads one object.
    package func get(_ reference: ObjectReference) async throws(KubernetesError) -> JSONValue {
        let path = try path(of: reference.resource, namespace: reference.namespace, name: reference.name)
        return try await object(APIRequest(.get, path, isRepeatable: true))
    }

    /// Reads one object.
    package func get<O: KubernetesObject>(
        _ type: O.Type, namespace: String?, name: String
    ) async throws(KubernetesError) -> O {
        O(json: try await get(ObjectReference(resource: O.resource, namespace: namespace, name: name)))
    }

    /// What the only container of a pod has written, from its beginning; `isBadRequest` where it has not begun.
    package func log(ofPod name: String, namespace: String, limitBytes: Int) async throws(KubernetesError) -> String {
        var request = APIRequest(.get, try path(of: .pod, namespace: namespace, name: name) + "/log", isRepeatable: true)
        request.accept = "text/plain, application/json"
        request.add("limitBytes", String(limitBytes))
        return String(decoding: try await send(request).body, as: UTF8.self)
    }

    /// Makes an object that must not exist yet (POST): `isAlreadyExists` if it does. Not sent again once it may have arrived, so
    /// after `.unreachable` or `.timeout` it may exist.
    ///
    /// - Parameter manifest: names its own namespace.
    package func create(_ manifest: JSONValue, as resource: Resource) async throws(KubernetesError) -> JSONValue {
        try await object(creation(of: manifest, as: resource))
    }

    /// The same where nobody looks at what the server made of it: its answer is not taken apart.
    package func createUnread(_ manifest: JSONValue, as resource: Resource) async throws(KubernetesError) {
        try await acknowledged(creation(of: manifest, as: resource))
    }

    private func creation(of manifest: JSONValue, as resource: Resource) throws(KubernetesError) -> APIRequest {
        let path = try path(of: resource, namespace: manifest[path: "metadata", "namespace"]?.string)
        var request = APIRequest(.create, path, isRepeatable: false)
        request.add("fieldManager", "store-platform")
        request.add("fieldValidation", "Strict")
        request.setBody(manifest.bytes)
        return request
    }

    /// Makes an object, or brings the one there is to what the manifest says (server-side apply). What a former manifest of the
    /// same manager said and this one does not is removed; doing it twice is doing it once.
    ///
    /// A field that the API does not know is refused: with 500 and no reason, from Kubernetes 1.36.
    ///
    /// - Parameters:
    ///   - manifest: names itself and its namespace.
    ///   - force: takes fields from other managers; otherwise they are a Conflict.
    package func apply(
        _ manifest: JSONValue, as resource: Resource, fieldManager: String = "store-platform", force: Bool = true
    ) async throws(KubernetesError) -> JSONValue {
        try await object(application(of: manifest, as: resource, fieldManager, force))
    }

    /// The same where nobody looks at what the server made of it: its answer is not taken apart.
    package func applyUnread(
        _ manifest: JSONValue, as resource: Resource, fieldManager: String = "store-platform", force: Bool = true
    ) async throws(KubernetesError) {
        try await acknowledged(application(of: manifest, as: resource, fieldManager, force))
    }

    private func application(
        of manifest: JSONValue, as resource: Resource, _ fieldManager: String, _ force: Bool
    ) throws(KubernetesError) -> APIRequest {
        let metadata = manifest["metadata"]
        let path = try path(of: resource, namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string ?? "")
        var request = APIRequest(.apply, path, isRepeatable: true)
        request.add("fieldManager", fieldManager)
        request.add("force", force ? "true" : "false")
        request.add("fieldValidation", "Strict")
        request.setBody(ApplyBody.bytes(of: manifest), type: "application/apply-patch+yaml")
        return request
    }

    /// Puts an object in the place of the one there (PUT), whatever anybody has made of that: `isNotFound` if there is none.
    ///
    /// - Parameter manifest: names itself and its namespace; without a resourceVersion it replaces any version.
    package func replace(_ manifest: JSONValue, as resource: Resource) async throws(KubernetesError) -> JSONValue {
        let metadata = manifest["metadata"]
        let path = try path(of: resource, namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string ?? "")
        var request = APIRequest(.update, path, isRepeatable: true)
        request.add("fieldManager", "store-platform")
        request.add("fieldValidation", "Strict")
        request.setBody(manifest.bytes)
        return try await object(request)
    }

    /// Asks for an object's deletion; it is gone when reading it gives 404.
    ///
    /// - Parameter uid: deletes only the object of that uid, and none of the same name made since (`isConflict`). Without it the
    ///   request is not repeated when a connection breaks.
    package func delete(
        _ reference: ObjectReference, uid: String?, gracePeriodSeconds: Int? = nil, propagation: Propagation? = nil
    ) async throws(KubernetesError) {
        let path = try path(of: reference.resource, namespace: reference.namespace, name: reference.name)
        var request = APIRequest(.delete, path, isRepeatable: uid != nil)
        request.setBody(deleteOptions(uid: uid, gracePeriodSeconds: gracePeriodSeconds, propagation: propagation).bytes)
        _ = try await send(request)
    }

    /// Asks for the deletion of every object of a kind in a namespace (`deletecollection`).
    package func deleteAll(
        _ resource: Resource, namespace: String, gracePeriodSeconds: Int? = nil, labelSelector: String? = nil
    ) async throws(KubernetesError) {
        guard resource.isNamespaced, !namespace.isEmpty else {
            throw refusal("all \(resource.plural) of the cluster would be deleted")
        }
        var request = APIRequest(.deleteCollection, try path(of: resource, namespace: namespace), isRepeatable: false)
        request.add("labelSelector", labelSelector)
        request.setBody(deleteOptions(uid: nil, gracePeriodSeconds: gracePeriodSeconds, propagation: nil).bytes)
        _ = try await send(request)
    }

    /// What becomes of an object's dependents when it is deleted.
    package enum Propagation: String, Sendable, Hashable {
        /// They go after it.
        case background = "Background"
        /// They go before it.
        case foreground = "Foreground"
        /// They stay.
        case orphan = "Orphan"
    }

    private func deleteOptions(uid: String?, gracePeriodSeconds: Int?, propagation: Propagation?) -> JSONValue {
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let uid { options["preconditions"] = ["uid": .string(uid)] }
        if let gracePeriodSeconds { options["gracePeriodSeconds"] = .integer(gracePeriodSeconds) }
        if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
        return options
    }

    private func object(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
        let document = try request.document(in: try await send(request))
        guard document.object != nil else { throw request.malformed("no object") }
        return document
    }

    private func acknowledged(_ request: APIRequest) async throws(KubernetesError) {
        try request.checkType(of: try await send(request))
    }

    /// A name that is given must be one: without it the same path would mean every object of the kind.
    func path(of resource: Resource, namespace: String?, name: String? = nil) throws(KubernetesError) -> String {
        if name == "" { throw refusal("one of \(resource.plural) was asked for without its name") }
        if name != nil, resource.isNamespaced, namespace ?? "" == "" {
            throw refusal("\(resource.kind) \(name ?? "") was asked for without its namespace")
        }
        return resource.path(
            namespace: namespace.flatMap { $0.isEmpty ? nil : APIRequest.escaped($0) }, name: name.map(APIRequest.escaped))
    }

    private func refusal(_ message: String) -> KubernetesError {
        .status(Status(code: 400, reason: "BadRequest", message: message))
    }
}
