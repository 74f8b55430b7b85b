package import JSON
package import Kubernetes

/// Stands for all objects of a store together, so that a change of any by anybody shows: the marks of all, in whatever order they come.
package struct Seal: Sendable, Hashable {
    private var sum: UInt64 = 0

    package init() {}

    package init(_ marks: some Sequence<UInt64>) {
        for mark in marks { sum ^= mark }
    }

    /// Takes in a mark, or takes it out again.
    package mutating func toggle(_ mark: UInt64) { sum ^= mark }

    /// As it is stored. The number says by which rule the marks were made.
    package var text: String { "1:" + String(sum, radix: 16) }

    /// The mark of one object: its name, uid, labels, our annotations, and what says whether its content is another.
    ///
    /// That is `generation` where the API server counts it, and `resourceVersion` elsewhere; but the quota's counts with every pod, so there
    /// it is what it allows, and of a namespace, a claim and a Secret nothing but the labels could be put back.
    ///
    /// - Parameter spec: of a quota; of no use elsewhere.
    package static func mark(of metadata: ObjectMeta, _ resource: Resource, spec: JSONValue?) -> UInt64 {
        var mark = FNV()
        mark.mix(resource.kind)
        mark.mix(metadata.name)
        mark.mix(metadata.uid)
        switch resource {
        case .namespace, .persistentVolumeClaim, .secret: break
        case .resourceQuota: mark.mix(spec?.canonicalBytes ?? [])
        default: mark.mix(metadata.generation.map(String.init) ?? metadata.resourceVersion)
        }
        mark.mix(metadata.labels)
        mark.mix(metadata.annotations.filter { $0.key.hasPrefix("store-platform/") })
        return mark.value
    }

    /// The kinds it covers. Of a quota the whole object is needed, of the others the metadata.
    package static let kinds: [Resource] = [
        .namespace, .persistentVolumeClaim, .statefulSet, .deployment, .job, .serviceAccount, .limitRange, .resourceQuota,
        .networkPolicy,
        .secret, .configMap, .service, .cronJob, .ingress,
    ]

    /// Whether an object counts: what another object of the store has made is that one's business.
    package static func covers(_ metadata: ObjectMeta) -> Bool { !metadata.hasOwner }
}

/// Fowler, Noll and Vo's hash (FNV-1a, 64 bits): the same in every process, unlike `Hasher`.
private struct FNV {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = (value ^ 0xFF) &* 0x100_0000_01B3  // no UTF-8 has this byte: an end that cannot be part of a text
    }

    mutating func mix(_ text: String) { mix(text.utf8) }

    mutating func mix(_ texts: [String: String]) {
        for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
            mix(key)
            mix(value)
        }
        mix("")
    }
}
