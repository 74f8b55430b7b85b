/// A resource quantity: `500m`, `1Gi`, `2`. In thousandths, so that all of ours are whole numbers.
struct Quantity: Comparable {
    let thousandths: Int

    static let zero = Quantity(thousandths: 0)
    static let one = Quantity(thousandths: 1000)

    init(thousandths: Int) { self.thousandths = thousandths }

    init?(_ text: String) {
        let number = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
        guard let value = Double(number), let factor = Quantity.factors[String(text.dropFirst(number.count))] else { return nil }
        thousandths = Int((value * factor).rounded(.up))
    }

    private static let factors: [String: Double] = [
        "m": 1, "": 1000, "k": 1e6, "M": 1e9, "G": 1e12, "T": 1e15,
        "Ki": 1000 * 1024, "Mi": 1000 * 1_048_576, "Gi": 1000 * 1_073_741_824, "Ti": 1000 * 1_099_511_627_776,
    ]

    /// As the server writes it: the largest unit without a fraction, of the family the text came in.
    static func canonical(_ text: String) -> String {
        guard let quantity = Quantity(text) else { return text }
        return quantity.text(isBinary: text.hasSuffix("i"))
    }

    func text(isBinary: Bool) -> String {
        guard thousandths % 1000 == 0 else { return "\(thousandths)m" }
        let value = thousandths / 1000
        guard value != 0 else { return "0" }
        let units: [(String, Int)] =
            isBinary
            ? [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
            : [("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)]
        for (unit, size) in units where value % size == 0 { return "\(value / size)\(unit)" }
        return String(value)
    }

    static func < (one: Quantity, other: Quantity) -> Bool { one.thousandths < other.thousandths }
    static func - (one: Quantity, other: Quantity) -> Quantity { Quantity(thousandths: one.thousandths - other.thousandths) }
    static func + (one: Quantity, other: Quantity) -> Quantity { Quantity(thousandths: one.thousandths + other.thousandths) }
}
