package import JSON

/// Names one object.
package struct ObjectReference: Sendable, Hashable {
    package let resource: Resource
    /// Nil for what belongs to the cluster.
    package let namespace: String?
    package let name: String

    package init(_ resource: Resource, namespace: String? = nil, name: String) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }

    var path: String { resource.path(namespace: namespace, name: name) }
}

/// Whether what an object owns goes before it, after it, or stays.
package enum Propagation: String, Sendable {
    case foreground = "Foreground"
    case background = "Background"
    case orphan = "Orphan"
}

/// A part of a list.
package struct Page: Sendable {
    package let items: [JSONValue]
    package let continueToken: String?
    package let resourceVersion: String
}

/// Every one of these throws `KubernetesError` and nothing else.
extension KubernetesClient {
    package func get(_ reference: ObjectReference) async throws -> JSONValue {
        try await send(Exchange(verb: "get", path: reference.path))
    }

    package func get<Object: KubernetesObject>(_ type: Object.Type, namespace: String? = nil, name: String) async throws -> Object {
        Object(json: try await get(ObjectReference(Object.resource, namespace: namespace, name: name)))
    }

    package func page(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, limit: Int = 500,
        continueToken: String? = nil,
        metadataOnly: Bool = false
    ) async throws -> Page {
        var query = [("limit", String(limit))]
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        if let continueToken { query.append(("continue", continueToken)) }
        let accept = metadataOnly ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" : "application/json"
        let list = try await send(Exchange(verb: "list", path: resource.path(namespace: namespace), query: query, accept: accept))
        return Page(
            items: list["items"]?.array ?? [],
            continueToken: list[path: "metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 },
            resourceVersion: list[path: "metadata", "resourceVersion"]?.string ?? "")
    }

    /// All objects, page by page. A list that was cut off because its version has expired is begun again, once.
    package func list(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, metadataOnly: Bool = false
    ) async throws -> Page {
        do {
            return try await allPages(resource, namespace, labelSelector, metadataOnly)
        } catch let error as KubernetesError where error.isExpired {
            return try await allPages(resource, namespace, labelSelector, metadataOnly)
        }
    }

    private func allPages(_ resource: Resource, _ namespace: String?, _ labelSelector: String?, _ metadataOnly: Bool) async throws
        -> Page
    {
        var items: [JSONValue] = []
        var token: String?
        while true {
            let page = try await page(
                resource, namespace: namespace, labelSelector: labelSelector, continueToken: token, metadataOnly: metadataOnly)
            items += page.items
            token = page.continueToken
            if token == nil { return Page(items: items, continueToken: nil, resourceVersion: page.resourceVersion) }
        }
    }

    package func list<Object: KubernetesObject>(
        _ type: Object.Type, namespace: String? = nil, labelSelector: String? = nil
    ) async throws -> [Object] {
        try await list(Object.resource, namespace: namespace, labelSelector: labelSelector).items.map { Object(json: $0) }
    }

    package func listMetadata(_ resource: Resource, namespace: String? = nil, labelSelector: String? = nil) async throws
        -> [PartialObject]
    {
        try await list(resource, namespace: namespace, labelSelector: labelSelector, metadataOnly: true).items.map(
            PartialObject.init)
    }

    /// Makes an object; fails with `isAlreadyExists` where one of its name is there. Not repeated once it may have been read.
    @discardableResult package func create(_ manifest: JSONValue, as resource: Resource) async throws -> JSONValue {
        try await send(
            Exchange(
                verb: "create", method: "POST", path: resource.path(namespace: manifest[path: "metadata", "namespace"]?.string),
                query: [("fieldManager", KubernetesClient.fieldManager), ("fieldValidation", "Strict")], body: (.json, manifest),
                isRepeatable: false))
    }

    /// Server-side apply: makes the object, or makes our fields of it what they are in the manifest.
    @discardableResult package func apply(_ manifest: JSONValue, as resource: Resource, force: Bool = true) async throws
        -> JSONValue
    {
        let metadata = manifest["metadata"]
        let path = resource.path(namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string)
        return try await send(
            Exchange(
                verb: "apply", method: "PATCH", path: path,
                query: [
                    ("fieldManager", KubernetesClient.fieldManager), ("force", String(force)), ("fieldValidation", "Strict"),
                ], body: (.apply, manifest)))
    }

    /// Asks for an object's deletion; it may take its time to go.
    /// - Parameter uid: deletes only the object that has it; another of its name is left alone with `isConflict`.
    package func delete(
        _ reference: ObjectReference, uid: String?, gracePeriodSeconds: Int? = nil, propagation: Propagation? = nil
    ) async throws {
        _ = try await send(
            Exchange(
                verb: "delete", method: "DELETE", path: reference.path,
                body: (.json, KubernetesClient.options(uid: uid, gracePeriodSeconds, propagation))))
    }

    /// Asks for the deletion of every object of a kind in a namespace.
    package func deleteAll(_ resource: Resource, namespace: String, gracePeriodSeconds: Int? = nil) async throws {
        _ = try await send(
            Exchange(
                verb: "deletecollection", method: "DELETE", path: resource.path(namespace: namespace),
                body: (.json, KubernetesClient.options(uid: nil, gracePeriodSeconds, nil))))
    }

    private static func options(uid: String?, _ gracePeriodSeconds: Int?, _ propagation: Propagation?) -> JSONValue {
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let uid { options["preconditions"] = ["uid": .string(uid)] }
        if let gracePeriodSeconds { options["gracePeriodSeconds"] = .integer(gracePeriodSeconds) }
        if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
        return options
    }
}
