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
}
