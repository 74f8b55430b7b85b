import Stores
import Testing

struct NameTests {
    @Test(arguments: [
        ("Blue Teapots", "blue-teapots"), ("  Café  Crème ", "cafe-creme"), ("Straße 7", "strasse-7"), ("Ann's Shop", "anns-shop"),
        ("7 Seas", "shop-7-seas"), ("API", "api-shop"), ("a--b__c", "a-b-c"),
        (String(repeating: "long ", count: 20), "long-long-long-long-long-long-long-long"),
    ])
    func `a name suggests an address`(name: String, slug: String) throws {
        #expect(try Slug(suggestedBy: name).text == slug)
    }

    @Test(arguments: ["茶壺", "!!!", "🙂"]) func `a name without Latin letters suggests none`(name: String) {
        #expect(throws: Slug.Fault.empty) { try Slug(suggestedBy: name) }
    }

    @Test(arguments: [
        ("", Slug.Fault.empty), ("-a", .edges), ("a-", .edges), ("1e3", .edges), ("Blue", .characters), ("a b", .characters),
        ("а", .characters), ("xn--bcher-kva", .punycode), ("www", .reserved), ("kube-system", .reserved), ("null", .reserved),
        ("a\r\nb", .characters), ("a.b", .characters), ("{{7*7}}", .characters), (String(repeating: "a", count: 41), .tooLong),
    ])
    func `an address that could be misread is refused`(text: String, fault: Slug.Fault) {
        #expect(throws: fault) { try Slug(text) }
    }

    @Test func `a name is one line of visible text`() throws {
        #expect(try StoreName.checked("  Blue   Teapots ") == "Blue Teapots")
        #expect(try StoreName.checked("<b>=HYPERLINK()</b> {{7*7}}") == "<b>=HYPERLINK()</b> {{7*7}}")
        #expect(throws: StoreName.Fault.empty) { try StoreName.checked("   ") }
        #expect(throws: StoreName.Fault.tooLong) { try StoreName.checked(String(repeating: "a", count: 64)) }
        for hidden in ["a\u{200B}b", "a\u{202E}b", "a\r\nb", "a\0b", "\u{FEFF}a"] {
            #expect(throws: StoreName.Fault.invisible) { try StoreName.checked(hidden) }
        }
    }

    @Test func `an id is a DNS label with its namespace, and ids differ`() {
        let ids = (0..<1000).map { _ in StoreID.random() }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(StoreID(namespace: id.namespace) == id)
            #expect(id.text.first?.isLetter == true)
        }
        #expect(StoreID(namespace: "kube-system") == nil)
        #expect(StoreID("short") == nil)
        #expect(StoreID("ABCDEFGHIJKL") == nil)
    }
}
