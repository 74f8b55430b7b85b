extension KubernetesClient {
    /// Everything there is of a kind, then every change to it, for as long as it is read.
    ///
    /// It lists, then watches from the list's version. Broken and silent connections are resumed where they were, and when the server
    /// no longer keeps that history the list is made again (`restarted`). It fails only where time does not heal: a refusal with
    /// 400–499 other than 408, 410 and 429, or the end of `KubernetesClient.deadline`; a cancelled task gets `.cancelled`.
    ///
    /// - Parameters:
    ///   - metadataOnly: objects come as `PartialObjectMetadata`.
    ///   - beginsWithMetadata: those of the first list do, and all that come later whole: for who acts on changes alone.
    package func watch(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, metadataOnly: Bool = false,
        beginsWithMetadata: Bool = false
    ) -> WatchSequence {
        WatchSequence(
            client: self,
            selection: Selection(resource, namespace: namespace, labelSelector: labelSelector, metadataOnly: metadataOnly),
            beginsWithMetadata: beginsWithMetadata)
    }
}

/// See `KubernetesClient.watch`. Each iteration begins anew, with a list.
package struct WatchSequence: AsyncSequence, Sendable {
    package typealias Element = WatchEvent
    package typealias Failure = KubernetesError

    let client: KubernetesClient
    let selection: KubernetesClient.Selection
    let beginsWithMetadata: Bool

    package func makeAsyncIterator() -> WatchIterator {
        WatchIterator(client: client, selection: selection, beginsWithMetadata: beginsWithMetadata)
    }
}
