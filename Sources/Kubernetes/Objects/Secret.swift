import Foundation
package import JSON

/// A secret with its values. Printing, dumping or interpolating one shows its name and keys and nothing more.
package struct Secret: KubernetesObject, Hashable {
    package static let resource = Resource.secret

    package let metadata: ObjectMeta
    package let type: String?
    package let isImmutable: Bool
    /// The values, decoded from base64; one that is not base64 is left out.
    package let data: [String: [UInt8]]

    package init(json: JSONValue) {
        var data: [String: [UInt8]] = [:]
        for member in json["data"]?.object ?? [:] {
            data[member.key] = member.value.string.flatMap { Data(base64Encoded: $0) }.map(Array.init)
        }
        self.data = data
        metadata = ObjectMeta(of: json)
        type = json["type"]?.string
        isImmutable = json["immutable"]?.bool ?? false
    }

    /// The value of a key as text; nil where there is none or it is not UTF-8.
    package func string(_ key: String) -> String? {
        data[key].flatMap { String(validating: $0, as: UTF8.self) }
    }
}

// The annotations may hold the data again (`kubectl.kubernetes.io/last-applied-configuration`), so metadata stays out too.
extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "Secret \(metadata.namespace ?? "")/\(metadata.name) (\(data.keys.sorted().joined(separator: ", ")))"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["name": metadata.name]) }
}
