package import JSON

/// Part of a list.
package struct Page: Sendable {
    /// Each with its `apiVersion` and `kind`, which the server leaves out of lists.
    package let items: [JSONValue]
    /// For the next page; nil on the last. Good for some minutes, then the answer is 410 with a new one.
    package let continueToken: String?
    /// The version of the whole list, from which a watch may go on.
    package let resourceVersion: String

    init?(json: JSONValue, of resource: Resource) {
        guard let metadata = json["metadata"], json["kind"]?.string?.hasSuffix("List") ?? false else { return nil }
        // An empty list of some servers is `"items": null`.
        guard let items = json["items"].map({ $0.array ?? ($0.isNull ? [] : nil) }) ?? [] else { return nil }
        self.items = items.map { item in
            guard item["kind"] == nil else { return item }
            var item = item
            item["apiVersion"] = .string(resource.apiVersion)
            item["kind"] = .string(resource.kind)
            return item
        }
        continueToken = metadata["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        resourceVersion = metadata["resourceVersion"]?.string ?? ""
    }
}
