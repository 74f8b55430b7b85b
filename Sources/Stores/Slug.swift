import Foundation

/// A store's address: the first label of its host name (RFC 1035, lower case), so it can be typed, certified and routed.
package struct Slug: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package static let maximumLength = 40

    /// Names that the platform, the cluster or a browser would take for something else.
    package static let reserved: Set<String> = [
        "www", "api", "app", "admin", "dashboard", "mail", "smtp", "imap", "ftp", "ns", "ns1", "ns2", "status", "static", "assets",
        "cdn", "docs",
        "help", "support", "blog", "login", "auth", "account", "accounts", "store", "stores", "shop", "shops", "platform",
        "store-platform",
        "kube-system", "kube-public", "kubernetes", "default", "localhost", "local", "internal", "ingress", "traefik", "postgres",
        "metrics",
        "true", "false", "null", "none", "undefined", "test", "example", "root", "system", "wpad", "autodiscover", "autoconfig",
        "webmaster",
    ]

    /// Why a text cannot be an address, in words that complete «The address …».
    package enum Fault: String, Error {
        case empty = "is empty"
        case tooLong = "is longer than 40 characters"
        case characters = "may hold only lower-case letters, digits and hyphens"
        case edges = "must begin with a letter and end with a letter or a digit"
        case punycode = "must not have hyphens as its third and fourth characters"
        case reserved = "is reserved"
    }

    package init(_ text: String) throws(Fault) {
        guard let first = text.utf8.first, let last = text.utf8.last else { throw .empty }
        guard text.utf8.count <= Slug.maximumLength else { throw .tooLong }
        guard text.utf8.allSatisfy({ $0.isLowerCaseLetter || $0.isDigit || $0 == Slug.hyphen }) else { throw .characters }
        guard first.isLowerCaseLetter, last != Slug.hyphen else { throw .edges }
        let characters = Array(text.utf8)
        guard characters.count < 4 || characters[2] != Slug.hyphen || characters[3] != Slug.hyphen else { throw .punycode }
        guard !Slug.reserved.contains(text) else { throw .reserved }
        self.text = text
    }

    /// The address that a name suggests: «Blue Teapots & Co» → `blue-teapots-co`. Accents fall away; what is not Latin does too.
    /// - Throws: where nothing usable is left, so that the caller is asked for an address.
    package init(suggestedBy name: String) throws(Fault) {
        var words: [String] = [""]
        for scalar in name.lowercased().decomposedStringWithCanonicalMapping.unicodeScalars where !scalar.properties.isDiacritic {
            if scalar.isASCII, let byte = UInt8(exactly: scalar.value), byte.isLowerCaseLetter || byte.isDigit {
                words[words.count - 1].unicodeScalars.append(scalar)
            } else if let letters = Slug.spelled[scalar] {
                words[words.count - 1] += letters
            } else if scalar != "'" && scalar != "’" {
                words.append("")
            }
        }
        var text = words.filter { !$0.isEmpty }.joined(separator: "-")
        if let first = text.utf8.first, first.isDigit { text = "shop-" + text }
        text = String(text.prefix(Slug.maximumLength))
        while text.hasSuffix("-") { text.removeLast() }
        if Slug.reserved.contains(text) { text += "-shop" }
        try self.init(text)
    }

    package var description: String { text }

    private static let hyphen = UInt8(ascii: "-")
    private static let spelled: [Unicode.Scalar: String] = [
        "ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ı": "i",
    ]
}

extension UInt8 {
    fileprivate var isLowerCaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
