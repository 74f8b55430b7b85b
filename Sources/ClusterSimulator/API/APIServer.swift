import Foundation
import HTTP
import JSON

/// Answers the calls of Kubernetes clients.
struct APIServer: Sendable {
    let cluster: Cluster
    /// Added to every call, for the pace of a server that has more to do.
    let callDelay: Duration

    let faults: FaultBoard

    init(cluster: Cluster, callDelay: Duration, faults: FaultBoard = FaultBoard()) {
        self.cluster = cluster
        self.callDelay = callDelay
        self.faults = faults
    }

    func respond(to request: Request) async -> Response {
        if let answer = ControlAPI(cluster: cluster, faults: faults).answer(request) { return answer }
        let faults = faults.draw(for: FaultPlan.Call(request))
        if callDelay > .zero { await pause(callDelay) }
        for case .latency(let seconds) in faults { await pause(.seconds(seconds)) }
        let response = faults.lazy.compactMap(\.refusal).first ?? answer(request, faults)
        if !["GET", "HEAD"].contains(request.method) {
            cluster.log(
                MutatingCall(
                    method: request.method, path: request.path, status: response.status.code, at: Clock.date,
                    faults: faults.map(\.name)))
        }
        return faults.reduce(response) { $1.apply(to: $0) }
    }

    private func answer(_ request: Request, _ faults: [Fault]) -> Response {
        do throws(APIFailure) {
            return try carryOut(request, faults)
        } catch {
            return error.response
        }
    }

    private func pause(_ duration: Duration) async {
        do {
            try await Task.sleep(for: duration)
        } catch {
            return  // the client has gone; its call is carried out all the same, as a real server may
        }
    }

    private func carryOut(_ request: Request, _ faults: [Fault]) throws(APIFailure) -> Response {
        if let description = Discovery.answer(request) ?? OpenAPI.answer(request) { return description }
        guard let target = Target(path: request.path) else { throw .unknownResource }
        let call = try APICall(request, target)
        switch (request.method, target.name, target.subresource) {
        case ("GET", nil, nil): return call.isWatch ? try watch(call, faults) : try list(call)
        case ("GET", .some, "log"): return try log(call)
        case ("GET", .some, _): return try get(call)
        case ("POST", nil, nil): return try create(call)
        case ("PUT", .some, _): return try replace(call)
        case ("PATCH", .some, _): return try patch(call)
        case ("DELETE", .some, nil): return try delete(call)
        case ("DELETE", nil, nil): return try deleteCollection(call)
        default:
            throw APIFailure(
                code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource")
        }
    }

    // MARK: Reading

    private func get(_ call: APICall) throws(APIFailure) -> Response {
        let object = try cluster.with { (state) throws(APIFailure) in try state.existing(call.target) }
        if let table = call.table {
            let version: JSONValue = ["resourceVersion": .string(String(object.resourceVersion))]
            return .json(table.document(of: [object], metadata: version))
        }
        return .json(call.target.subresource == "scale" ? Scale.of(object, call.target.kind) : call.shown(object))
    }

    private func log(_ call: APICall) throws(APIFailure) -> Response {
        let (pod, namespace) = try cluster.with { (state) throws(APIFailure) in
            let pod = try state.existing(call.target)
            return (pod, state.object(.namespace, "", pod.namespace))
        }
        return try ContainerLog.answer(call, pod: pod, in: namespace)
    }

    private func list(_ call: APICall) throws(APIFailure) -> Response {
        let start = try ListPosition(continueToken: call.query("continue"))
        let limit = call.query("limit").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? Int.max
        // One more than is asked for tells whether there is another page.
        let (found, rest, version) = cluster.change { state in
            let page = state.page(
                call.target.kind.id, in: call.target.listNamespace, after: start, limit: limit == .max ? limit : limit + 1,
                countsRest: call.isUnselected, where: call.matches)
            return (page.items, page.rest, state.version)
        }
        let items = found.prefix(limit)
        let listVersion = start.version ?? version
        var metadata: JSONValue = ["resourceVersion": .string(String(listVersion))]
        if found.count > limit, let last = items.last {
            metadata["continue"] = .string(ListPosition(after: last, version: listVersion).token)
            if let rest { metadata["remainingItemCount"] = .integer(rest + 1) }
        }
        if let table = call.table { return .json(table.document(of: Array(items), metadata: metadata)) }
        var list: JSONValue = call.isMetadataOnly ? ["kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"] : [:]
        if !call.isMetadataOnly {
            list["kind"] = .string(call.target.kind.name + "List")
            list["apiVersion"] = .string(call.target.kind.apiVersion)
        }
        list["metadata"] = metadata
        list["items"] = .array(items.map { call.isMetadataOnly ? call.shown($0) : $0 })
        return .json(list)
    }

    // MARK: Writing

    private func create(_ call: APICall) throws(APIFailure) -> Response {
        var document = try call.document()
        let unknown = try Validation.checkDecoded(document, call)
        if call.target.kind.isNamespaced { document.set(["metadata", "namespace"], .string(call.target.namespace ?? "default")) }
        document.set(["metadata", "managedFields"], nil)
        let prepared = document
        let object = try cluster.with { (state) throws(APIFailure) in
            try state.create(prepared, call.target.kind, by: call.manager, isDryRun: call.isDryRun)
        }
        return .json(call.shown(object), status: .created).with("Warning", warning(about: object, call.target.kind, unknown))
    }

    private func replace(_ call: APICall) throws(APIFailure) -> Response {
        guard call.target.subresource != "scale" else { return try replaceScale(call) }
        let document = try call.document()
        let object = try cluster.with { (state) throws(APIFailure) in
            let old = try state.existing(call.target)
            if let version = document[path: "metadata", "resourceVersion"]?.string,
                version != old[path: "metadata", "resourceVersion"]?.string
            {
                throw .modified(call.target.kind, old.name)
            }
            return try state.update(call.merged(document, old: old), call.target.kind, old: old, isDryRun: call.isDryRun)
        }
        return .json(call.shown(object))
    }

    private func replaceScale(_ call: APICall) throws(APIFailure) -> Response {
        let scale = try call.body()
        let kind = call.target.kind
        let object = try cluster.with { (state) throws(APIFailure) in
            let old = try state.existing(call.target)
            return try state.update(Scale.applied(scale, to: old), kind, old: old, isDryRun: call.isDryRun)
        }
        return .json(Scale.of(object, kind))
    }

    private func patch(_ call: APICall) throws(APIFailure) -> Response {
        let type = (call.request.headers["Content-Type"] ?? "").split(separator: ";").first.map(String.init) ?? ""
        if type == "application/apply-patch+yaml" { return try apply(call) }
        let patch = try call.body()
        let kind = call.target.kind
        let object = try cluster.with { (state) throws(APIFailure) in
            let old = try state.existing(call.target)
            if call.target.subresource == "scale" { return try state.update(Scale.applied(patch, to: old), kind, old: old) }
            var changed: JSONValue
            switch type {
            case "application/merge-patch+json", "application/strategic-merge-patch+json":
                changed = JSONMerge.patch(patch, onto: old, isStrategic: type.contains("strategic"))
            case "application/json-patch+json": changed = try JSONPatch.apply(patch, to: old)
            default: throw .unsupportedMediaType
            }
            if let version = patch[path: "metadata", "resourceVersion"]?.string,
                version != old[path: "metadata", "resourceVersion"]?.string
            {
                throw .modified(kind, old.name)
            }
            changed = Defaults.canonical(changed, kind)
            return try state.update(call.merged(changed, old: old), kind, old: old, isDryRun: call.isDryRun)
        }
        return .json(call.target.subresource == "scale" ? Scale.of(object, kind) : call.shown(object))
    }

    private func apply(_ call: APICall) throws(APIFailure) -> Response {
        let kind = call.target.kind
        guard let manager = call.query("fieldManager"), !manager.isEmpty else { throw .fieldManagerRequired }
        var document = try call.document()
        if !document.name.isEmpty, let name = call.target.name, document.name != name {
            throw .badRequest("the name of the object (\(document.name)) does not match the name on the URL (\(name))")
        }
        try Validation.checkApplied(document, kind, name: document.name)
        document.set(["metadata", "name"], .string(call.target.name ?? ""))
        if kind.isNamespaced { document.set(["metadata", "namespace"], .string(call.target.namespace ?? "default")) }
        let applied = document
        let (object, isNew) = try cluster.with { (state) throws(APIFailure) in
            let old = state[call.target.key]
            let merged: JSONValue
            do throws(ServerSideApply.Conflict) {
                merged = try ServerSideApply.merge(
                    applied, into: old, manager: manager, apiVersion: kind.apiVersion, force: call.query("force") == "true",
                    time: Clock.now)
            } catch {
                throw .fieldConflict(error, version: kind.apiVersion)
            }
            guard let old else { return (try state.create(merged, kind, isDryRun: call.isDryRun), true) }
            return (try state.update(merged, kind, old: old, isDryRun: call.isDryRun), false)
        }
        return .json(call.shown(object), status: isNew ? .created : .ok).with("Warning", warning(about: object, kind))
    }

    /// Said of fields that nobody knows, and of a workload whose pods Pod Security will refuse: the object itself is taken.
    private func warning(about object: JSONValue, _ kind: Kind, _ unknown: String? = nil) -> String? {
        if let unknown { return "299 - \(JSONValue.string(unknown).text)" }
        let path: [String]
        switch kind.name {
        case "Deployment", "ReplicaSet", "StatefulSet", "Job": path = ["spec", "template", "spec"]
        case "CronJob": path = ["spec", "jobTemplate", "spec", "template", "spec"]
        default: return nil
        }
        guard let podSpec = object.at(path) else { return nil }
        let violation = cluster.change { $0.podSecurityViolation(of: podSpec, in: object.namespace) }
        return violation.map { "299 - \(JSONValue.string($0.replacing("violates", with: "would violate")).text)" }
    }

    private func delete(_ call: APICall) throws(APIFailure) -> Response {
        let options = call.request.body.isEmpty ? [:] : try call.body()
        let kind = call.target.kind
        let (object, rest) = try cluster.with { (state) throws(APIFailure) in
            let object = try state.existing(call.target)
            if let uid = options[path: "preconditions", "uid"]?.string, uid != object.uid {
                throw .conflict(
                    kind, object.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
            }
            if let version = options[path: "preconditions", "resourceVersion"]?.string, version != String(object.resourceVersion) {
                throw .conflict(
                    kind, object.name,
                    "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(object.resourceVersion)"
                )
            }
            guard !call.isDryRun else { return (object, Optional(object)) }
            let grace = options["gracePeriodSeconds"]?.integer ?? call.query("gracePeriodSeconds").flatMap { Int($0) }
            let propagation = options["propagationPolicy"]?.string ?? call.query("propagationPolicy")
            return (object, state.delete(call.target.key, kind, gracePeriodSeconds: grace, propagation: propagation))
        }
        if let rest { return .json(call.shown(rest)) }
        var details: JSONValue = ["name": .string(object.name)]
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        details["kind"] = .string(kind.plural)
        details["uid"] = .string(object.uid)
        return .json(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details])
    }

    private func deleteCollection(_ call: APICall) throws(APIFailure) -> Response {
        let options = call.request.body.isEmpty ? [:] : try call.body()
        let kind = call.target.kind
        cluster.change { state in
            for object in state.objects(kind.id, in: call.target.listNamespace) where call.matches(object) {
                let key = ObjectKey(kind: kind.id, namespace: object.namespace, name: object.name)
                _ = state.delete(key, kind, gracePeriodSeconds: options["gracePeriodSeconds"]?.integer)
            }
        }
        return .json(["kind": .string(kind.name + "List"), "apiVersion": .string(kind.apiVersion), "metadata": [:], "items": []])
    }
}

extension ClusterState {
    func existing(_ target: Target) throws(APIFailure) -> JSONValue {
        guard let object = self[target.key] else { throw .notFound(target.kind, target.name ?? "") }
        return object
    }
}

extension Target {
    /// The table to list: the cluster's own, one namespace's, or all.
    var listNamespace: String? { kind.isNamespaced ? namespace : "" }
}

extension APIFailure {
    static let unsupportedMediaType = APIFailure(
        code: 415, reason: "UnsupportedMediaType",
        message:
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )

    static let fieldManagerRequired = APIFailure(
        code: 422, reason: "Invalid",
        message: "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        details: [
            "group": "meta.k8s.io", "kind": "PatchOptions",
            "causes": [
                ["reason": "FieldValueRequired", "message": "Required value: is required for apply patch", "field": "fieldManager"]
            ],
        ])

    static func modified(_ kind: Kind, _ name: String) -> APIFailure {
        .conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func fieldConflict(_ conflict: ServerSideApply.Conflict, version: String) -> APIFailure {
        let count = conflict.fields.count
        let sentences = conflict.fields.map { "conflict with \"\($0.manager)\" using \(version): \($0.field)" }
        return APIFailure(
            code: 409, reason: "Conflict",
            message: "Apply failed with \(count) conflict\(count == 1 ? "" : "s"): \(sentences.joined(separator: "\n"))",
            details: [
                "causes": .array(
                    conflict.fields.map {
                        [
                            "reason": "FieldManagerConflict",
                            "message": .string("conflict with \"\($0.manager)\" using \(version)"),
                            "field": .string($0.field),
                        ]
                    })
            ])
    }
}
