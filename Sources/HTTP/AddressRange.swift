import Foundation

/// Addresses with one beginning, as CIDR writes them: `10.0.0.0/8`, `fd00::/8`, `127.0.0.1`.
package struct AddressRange: Sendable, Equatable {
    private let prefix: [UInt8]
    private let bits: Int

    /// Nil for what is no range, and for one with bits behind its prefix: `10.1.0.0/8` is a slip of somebody who means another.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = AddressRange.bytes(of: String(parts[0])) else { return nil }
        let bits = parts.count == 2 ? Int(parts[1]) ?? -1 : address.count * 8
        guard (0...address.count * 8).contains(bits) else { return nil }
        self.init(prefix: AddressRange.masked(address, bits), bits: bits)
        guard prefix == address else { return nil }
    }

    private init(prefix: [UInt8], bits: Int) {
        self.prefix = prefix
        self.bits = bits
    }

    package func contains(_ address: String) -> Bool {
        guard let bytes = AddressRange.bytes(of: address), bytes.count == prefix.count else { return false }
        return AddressRange.masked(bytes, bits) == prefix
    }

    /// Four bytes or sixteen; an IPv4 address that is written as an IPv6 one is the former. Nil for what is no address.
    private static func bytes(of address: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, address, &sixteen) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &sixteen) { Array($0) }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
    }

    private static func masked(_ bytes: [UInt8], _ bits: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, bits - index * 8))
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
    }

    /// Whose requests are counted together: an IPv4 address, or the 64 bits of IPv6 that one customer is given.
    package static func household(of address: String) -> String {
        guard let bytes = bytes(of: address), bytes.count == 16 else { return address }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "/64"
    }
}

extension Request {
    /// The address of who sent the request. What `X-Forwarded-For` says is believed from a trusted proxy only, and of what it says only
    /// the last address that is not such a proxy's own: everything before it can be made up.
    package func clientAddress(trusting proxies: [AddressRange]) -> String {
        func isTrusted(_ address: String) -> Bool { proxies.contains { $0.contains(address) } }
        var client = remoteAddress
        let hops = headers.values(of: "X-Forwarded-For").flatMap { $0.split(separator: ",") }
        for hop in hops.reversed() {
            guard isTrusted(client) else { break }
            let address = hop.trimmingCharacters(in: .whitespaces)
            guard AddressRange(address) != nil, !address.contains("/") else { break }
            client = address
        }
        return client
    }
}
