package import struct Foundation.Date

/// Whose stores they are: a merchant, and how much it may have.
package struct Account: Sendable, Hashable {
    /// A label that is never used again: `blue-teapots`.
    package let id: String
    package var name: String
    package var quota: Quota
    package let createdAt: Date
    /// Grows with every change; the entity tag of the resource.
    package var version: Int

    package init(id: String, name: String, quota: Quota, createdAt: Date, version: Int) {
        self.id = id
        self.name = name
        self.quota = quota
        self.createdAt = createdAt
        self.version = version
    }

    /// Whether a text has the form of an account's id: a label of at most 40 characters, as the constraint `account_id_is_a_label` wants it.
    package static func isID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...40).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}
