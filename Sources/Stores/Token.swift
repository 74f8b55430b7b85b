package import struct Foundation.Date

/// A token as everybody may see it who may see it at all: without its secret.
package struct Token: Sendable, Hashable {
    /// Its key id: the part of its text that is no secret.
    package let id: String
    package let account: String
    package let role: Role
    package let name: String
    package let createdAt: Date
    /// The name of who issued it; nil for the first administrator's.
    package let createdBy: String?
    package let expiresAt: Date?
    package let revokedAt: Date?
    /// To the minute.
    package let lastUsedAt: Date?

    package init(
        id: String, account: String, role: Role, name: String, createdAt: Date, createdBy: String?, expiresAt: Date?,
        revokedAt: Date?, lastUsedAt: Date?
    ) {
        self.id = id
        self.account = account
        self.role = role
        self.name = name
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }

    /// The id of the token that the configuration gives; its text has any form.
    package static let administratorID = "administrator"
}

/// What a client sends: `sp_<key id>_<secret>`, the key id to find the row by and 256 random bits that are stored nowhere.
package struct TokenText: Sendable, Equatable {
    package let keyID: String
    package let secret: String

    package var text: String { "sp_\(keyID)_\(secret)" }

    package static func random() -> TokenText {
        var generator = SystemRandomNumberGenerator()  // getrandom(2)
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        let keyID = String((0..<12).map { _ in letters.randomElement(using: &generator) ?? "a" })
        return TokenText(keyID: keyID, secret: randomSecret(&generator))
    }

    /// 256 random bits in hexadecimal.
    package static func randomSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return randomSecret(&generator)
    }

    private static func randomSecret(_ generator: inout SystemRandomNumberGenerator) -> String {
        (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private init(keyID: String, secret: String) {
        self.keyID = keyID
        self.secret = secret
    }

    /// Nil where the text is not of this form.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "sp", (1...64).contains(parts[1].utf8.count), !parts[2].isEmpty else { return nil }
        self.init(keyID: String(parts[1]), secret: String(parts[2]))
    }

    /// A text without the secrets of the tokens in it: where an id belongs somebody pastes the whole token, and what is written down stays.
    package static func masked(in text: String) -> String {
        guard text.utf8.count > 64 else { return text }
        return text.replacing(/sp_([a-z0-9]{1,64})_[0-9A-Za-z]{16,}/) { "sp_\($0.1)_…" }
    }
}
