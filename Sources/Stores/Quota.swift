/// An amount of processor, memory and storage: in thousandths of a core and in bytes.
package struct StoreSize: Sendable, Hashable {
    package var cpu: Int
    package var memory: Int
    package var storage: Int

    package init(cpu: Int, memory: Int, storage: Int) {
        self.cpu = cpu
        self.memory = memory
        self.storage = storage
    }
}

/// How much an account may have at a time; nil is without limit.
package struct Quota: Sendable, Hashable {
    package var stores: Int?
    package var cpu: Int?
    package var memory: Int?
    package var storage: Int?

    package init(stores: Int? = nil, cpu: Int? = nil, memory: Int? = nil, storage: Int? = nil) {
        self.stores = stores
        self.cpu = cpu
        self.memory = memory
        self.storage = storage
    }
}

/// What an account's living stores hold together: what was promised to each, whether it runs or not.
package struct QuotaUse: Sendable, Hashable {
    package var stores: Int
    package var size: StoreSize

    package init(stores: Int, size: StoreSize) {
        self.stores = stores
        self.size = size
    }
}

extension Quota {
    /// The first limit that one more store of this size would pass, in words that complete «The account …».
    package func excess(of use: QuotaUse, adding size: StoreSize) -> String? {
        if let stores, use.stores + 1 > stores {
            return "may have \(stores) \(stores == 1 ? "store" : "stores") and has \(use.stores)"
        }
        let limits: [(Int?, Int, Int, String, Quantity.Unit)] = [
            (cpu, use.size.cpu, size.cpu, "CPU", .thousandths), (memory, use.size.memory, size.memory, "memory", .bytes),
            (storage, use.size.storage, size.storage, "storage", .bytes),
        ]
        for case (let limit?, let used, let wanted, let what, let unit) in limits where used + wanted > limit {
            let (limit, used, wanted) = (Quantity.text(limit, unit), Quantity.text(used, unit), Quantity.text(wanted, unit))
            return "may have \(limit) of \(what), has \(used) and would need \(wanted) more"
        }
        return nil
    }
}

/// Amounts as Kubernetes writes them: `500m`, `2`, `2Gi`.
package enum Quantity {
    package enum Unit: Sendable {
        /// Thousandths of a core.
        case thousandths
        case bytes
    }

    /// Nil for what is no amount, is negative, has a fraction of the unit, or is more than 2^53 of it.
    package static func amount(_ text: String, _ unit: Unit) -> Int? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
        let number = String(decoding: digits, as: UTF8.self)
        let suffix = String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self)
        guard text.utf8.count <= 32, !number.isEmpty, !number.hasPrefix("."), !number.hasSuffix("."), let value = Double(number),
            let factor = factors(unit)[suffix]
        else { return nil }
        let amount = value * factor
        guard amount <= 9_007_199_254_740_992, amount.rounded() == amount else { return nil }
        return Int(amount)
    }

    /// The largest unit that leaves a whole number.
    package static func text(_ amount: Int, _ unit: Unit) -> String {
        switch unit {
        case .thousandths: return amount.isMultiple(of: 1000) ? String(amount / 1000) : "\(amount)m"
        case .bytes:
            let units = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
            for (name, size) in units where amount != 0 && amount.isMultiple(of: size) { return "\(amount / size)\(name)" }
            return String(amount)
        }
    }

    private static func factors(_ unit: Unit) -> [String: Double] {
        switch unit {
        case .thousandths: ["m": 1, "": 1000, "k": 1_000_000]
        case .bytes:
            [
                "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824,
                "Ti": 1_099_511_627_776,
            ]
        }
    }
}
