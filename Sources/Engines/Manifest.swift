import CCrypto
package import JSON
package import Kubernetes
import Stores

/// One object as it is to be in the cluster, and how it gets there.
package struct Manifest: Sendable, Hashable {
    package enum Write: Sendable, Hashable {
        /// Server-side apply: as often as needed.
        case apply
        /// POST, once: values are generated for these keys of a Secret. One that is there is kept.
        case createOnce(generating: [String: SecretValue])
    }

    package let resource: Resource
    package let json: JSONValue
    package let write: Write

    /// Whether one that is lost cannot be made again as it was.
    var isMadeOnce: Bool { if case .createOnce = write { true } else { false } }

    package let name: String
    let labels: [String: String]
    /// Of the manifest without this annotation; an object that carries it need not be sent again.
    package let hash: String
    package var id: ObjectID { ObjectID(kind: resource.kind, name: name) }

    package static let hashAnnotation = "store-platform/manifest-hash"

    /// - Parameter body: `spec`, `data` and what else stands beside the metadata.
    init(
        _ resource: Resource, _ name: String, of store: Store, stage: StageName, annotations: JSONObject = [:],
        labels: JSONObject = [:],
        write: Write = .apply, _ body: JSONObject
    ) {
        var metadata: JSONValue = ["name": .string(name)]
        if resource.isNamespaced { metadata["namespace"] = .string(store.id.namespace) }
        var all = Labels.all(of: store, stage: stage)
        for label in labels { all[label.key] = label.value }
        metadata["labels"] = .object(all)
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        var json: JSONValue = ["apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind), "metadata": metadata]
        for member in body { json[member.key] = member.value }
        var hashed = annotations
        hash = Manifest.digest(of: json)
        hashed[Manifest.hashAnnotation] = .string(hash)
        metadata["annotations"] = .object(hashed)
        json["metadata"] = metadata
        self.resource = resource
        self.name = name
        self.labels = all.members.reduce(into: [:]) { $0[$1.key] = $1.value.string }
        self.json = json
        self.write = write
    }

    /// Sixteen hexadecimal digits of its SHA-256.
    static func digest(of json: JSONValue) -> String {
        let bytes = json.canonicalBytes
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(bytes, bytes.count, &digest)
        return digest.prefix(8).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}

/// What is generated for a key of a Secret.
package enum SecretValue: Sendable, Hashable {
    /// So many letters and digits, which no shell, URL or configuration file reads as something else.
    case text(Int)
    /// A word that says what it is, and so many hexadecimal digits.
    case hexadecimal(after: String, digits: Int)
}

/// Names an object within a store's namespace.
package struct ObjectID: Sendable, Hashable, CustomStringConvertible {
    package let kind: String
    package let name: String

    package init(kind: String, name: String) {
        self.kind = kind
        self.name = name
    }

    package var description: String { "\(kind) \(name)" }
}

/// The labels and annotations by which the platform knows its own.
package enum Labels {
    package static let type = "store-platform/type"
    package static let id = "store-platform/id"
    package static let install = "store-platform/install"
    package static let stage = "store-platform/stage"
    static let component = "app.kubernetes.io/component"

    /// Finds the namespaces of stores.
    package static let storeSelector = "\(type)=store"

    static func all(of store: Store, stage: StageName) -> JSONObject {
        [
            "app.kubernetes.io/managed-by": "store-platform", type: "store", id: .string(store.id.text),
            Labels.stage: .string(stage.rawValue),
        ]
    }

    /// On the namespace: enough to write the store's row again if it is lost.
    package enum Annotation {
        package static let name = "store-platform/name"
        package static let slug = "store-platform/slug"
        package static let engine = "store-platform/engine"
        package static let plan = "store-platform/plan"
        package static let account = "store-platform/account"
        package static let createdAt = "store-platform/created-at"
        package static let country = "store-platform/country"
        package static let currency = "store-platform/currency"
        package static let catalogue = "store-platform/catalogue"
    }
}
