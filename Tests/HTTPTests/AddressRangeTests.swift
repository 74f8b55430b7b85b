import Testing

@testable import HTTP

struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.0.0.1", false), ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false), ("10.0.0.0/8", "10.0.0.1, 1.2.3.4", false), ("10.0.0.0/8", "", false),
    ]) func `which addresses a range holds`(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(address) == isIn)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "10.0.0/8", "localhost", "10.0.0.0/8/8", "::/129", "10.0.0.0/",
    ])
    func `what is no range`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(
        arguments: [
            ("9.9.9.9", ["10.0.0.1"], "9.9.9.9"), ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", ["1.1.1.1, 2.2.2.2"], "2.2.2.2"),
            ("10.0.0.1", ["1.1.1.1, 2.2.2.2", "10.0.0.2"], "2.2.2.2"), ("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"), ("10.0.0.1", ["1.1.1.1/8"], "10.0.0.1"), ("10.0.0.1", [], "10.0.0.1"),
        ] as [(String, [String], String)]) func `of what is forwarded only the last stranger counts`(
            peer: String, hops: [String], client: String
        ) throws
    {
        var headers = HTTPFields()
        for hop in hops { headers.add("X-Forwarded-For", hop) }
        let request = Request(method: "GET", path: "/", headers: headers, remoteAddress: peer)
        #expect(request.clientAddress(trusting: [try #require(AddressRange("10.0.0.0/8"))]) == client)
    }

    @Test func `sixty-four bits of IPv6 are one household`() {
        #expect(AddressRange.household(of: "2001:db8:0:1::1") == AddressRange.household(of: "2001:db8:0:1:ffff::2"))
        #expect(AddressRange.household(of: "2001:db8:0:1::1") != AddressRange.household(of: "2001:db8:0:2::1"))
        #expect(AddressRange.household(of: "1.2.3.4") == "1.2.3.4" && AddressRange.household(of: "unknown") == "unknown")
    }
}
