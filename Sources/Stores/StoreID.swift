/// Names a store for ever; never used again, also not after its deletion.
///
/// Twelve characters of an alphabet that is safe in a DNS label and without look-alikes (0/o, 1/l): 60 random bits.
package struct StoreID: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package static let length = 12
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
    /// By byte.
    private static let isInAlphabet: [Bool] = (0...255).map { alphabet.contains(Character(Unicode.Scalar(UInt8($0)))) }

    package static func random() -> StoreID {
        var letters = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }
        letters[0] = alphabet[Int.random(in: 0..<24)]  // a letter: some tools take a leading digit for a number
        return StoreID(trusted: String(letters))
    }

    /// Nil where the text is no id.
    package init?(_ text: some StringProtocol) {
        var text = String(text)
        guard text.withUTF8({ $0.count == StoreID.length && $0.allSatisfy { StoreID.isInAlphabet[Int($0)] } }) else { return nil }
        self.text = text
    }

    private init(trusted text: String) { self.text = text }

    package var description: String { text }

    /// The store's namespace in the cluster.
    package var namespace: String { "store-\(text)" }

    /// The store whose namespace it is; nil where the name is not of that form.
    package init?(namespace: String) {
        guard namespace.hasPrefix("store-") else { return nil }
        self.init(namespace.dropFirst("store-".count))
    }
}
