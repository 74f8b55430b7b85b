package import JSON

extension KubernetesClient {
    /// One page of a list.
    ///
    /// - Parameters:
    ///   - namespace: nil for all of them.
    ///   - limit: how many at most; nil for all in one answer.
    ///   - continueToken: from the page before. One that has expired is `isExpired`, with a new one in the Status.
    package func list(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil,
        limit: Int? = nil, continueToken: String? = nil
    ) async throws(KubernetesError) -> Page {
        let selection = Selection(resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        return try await page(of: selection, limit: limit, continueToken: continueToken)
    }

    /// All objects of a kind, page by page.
    package func list<O: KubernetesObject>(
        _ type: O.Type, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil
    ) async throws(KubernetesError) -> [O] {
        let selection = Selection(O.resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        return try await walk(selection, O.init(json:))
    }

    /// What is read out of each object of a kind, page by page.
    package func list<T: Sendable>(
        _ resource: Resource, labelSelector: String, read: (JSONValue) -> T
    ) async throws(KubernetesError) -> [T] {
        try await walk(Selection(resource, namespace: nil, labelSelector: labelSelector), read)
    }

    /// The metadata of all objects of a kind, page by page: a tenth of the bytes of the objects. Each has the kind of `resource`.
    package func listMetadata(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil
    ) async throws(KubernetesError) -> [PartialObject] {
        let selection = Selection(resource, namespace: namespace, labelSelector: labelSelector, metadataOnly: true)
        return try await walk(selection) { PartialObject(json: $0, of: resource) }
    }

    /// Which objects a list or a watch is about.
    struct Selection: Sendable {
        let resource: Resource
        let namespace: String?
        let labelSelector: String?
        let fieldSelector: String?
        var metadataOnly: Bool

        init(
            _ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String? = nil,
            metadataOnly: Bool = false
        ) {
            self.resource = resource
            self.namespace = namespace
            self.labelSelector = labelSelector
            self.fieldSelector = fieldSelector
            self.metadataOnly = metadataOnly
        }
    }

    func page(of selection: Selection, limit: Int?, continueToken: String?) async throws(KubernetesError) -> Page {
        var request = APIRequest(
            .list, try path(of: selection.resource, namespace: selection.namespace), isRepeatable: true)
        request.accept = selection.metadataOnly ? APIRequest.metadataList : APIRequest.json
        request.add("labelSelector", selection.labelSelector)
        request.add("fieldSelector", selection.fieldSelector)
        request.add("limit", limit.map(String.init))
        request.add("continue", continueToken)
        let document = try request.document(in: try await send(request))
        guard let page = Page(json: document, of: selection.resource) else { throw request.malformed("no list") }
        return page
    }

    /// Every page. When the server no longer has the version that the first pages showed, it offers to go on with what there is now:
    /// the list is then not of one moment, but lacks nothing that was there all the while. Without such an offer it is begun again.
    private func walk<T: Sendable>(
        _ selection: Selection, _ read: (JSONValue) -> T
    ) async throws(KubernetesError) -> [T] {
        var found: [T] = []
        var token: String?
        var expiries = 0
        while true {
            do {
                let page = try await page(of: selection, limit: limits.pageSize, continueToken: token)
                found += page.items.map(read)
                guard let next = page.continueToken else { return found }
                token = next
            } catch {
                expiries += 1
                guard error.isExpired, token != nil, expiries < limits.attempts else { throw error }
                token = error.status?.continueToken
                if token == nil { found = [] }
            }
        }
    }
}
