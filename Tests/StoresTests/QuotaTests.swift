import Testing

@testable import Stores

struct QuotaTests {
    @Test(
        arguments: [
            ("2", 2000), ("500m", 500), ("0", 0), ("0.5", 500), ("1.5k", 1_500_000), ("", nil), ("-1", nil), ("+1", nil),
            ("1e3", nil),
            ("2Gi", nil), ("0.0001", nil), (".5", nil), ("5.", nil), ("1 ", nil), ("٣", nil), ("1.2.3", nil),
        ] as [(String, Int?)]) func `an amount of processor`(text: String, amount: Int?)
    {
        #expect(Quantity.amount(text, .thousandths) == amount)
    }

    @Test(
        arguments: [
            ("1", 1), ("2Gi", 2 << 30), ("1.5Gi", 3 << 29), ("4G", 4_000_000_000), ("512Mi", 512 << 20), ("Gi", nil), ("1gi", nil),
            ("0.1", nil), ("9999999Ti", nil), ("500m", nil),
        ] as [(String, Int?)]) func `an amount of bytes`(text: String, amount: Int?)
    {
        #expect(Quantity.amount(text, .bytes) == amount)
    }

    @Test(arguments: [0, 1, 1000, 1024, 1 << 20, 3 << 29, 5 << 40, 999_999_999]) func `an amount reads as it is written`(
        amount: Int
    ) {
        for unit in [Quantity.Unit.thousandths, .bytes] {
            #expect(Quantity.amount(Quantity.text(amount, unit), unit) == amount)
        }
    }

    @Test func `a quota is full at its limit and not before`() {
        let use = QuotaUse(stores: 4, size: StoreSize(cpu: 600, memory: 4 << 30, storage: 8 << 30))
        let size = StoreSize(cpu: 150, memory: 1 << 30, storage: 2 << 30)
        let room = Quota(stores: 5, cpu: 750, memory: 5 << 30, storage: 10 << 30)
        #expect(room.excess(of: use, adding: size) == nil)
        #expect(Quota().excess(of: use, adding: size) == nil)
        for (change, words) in [
            (\Quota.stores, "may have 4 stores and has 4"),
            (\.cpu, "may have 749m of CPU, has 600m and would need 150m more"),
            (\.memory, "may have 5368709119 of memory, has 4Gi and would need 1Gi more"),
            (\.storage, "may have 10737418239 of storage, has 8Gi and would need 2Gi more"),
        ] as [(WritableKeyPath<Quota, Int?>, String)] {
            var tight = room
            tight[keyPath: change] = (room[keyPath: change] ?? 0) - 1
            #expect(tight.excess(of: use, adding: size) == words)
        }
        #expect(Quota(stores: 1).excess(of: QuotaUse(stores: 1, size: size), adding: size) == "may have 1 store and has 1")
    }

    @Test func `a token's text is taken apart as it was put together`() {
        let token = TokenText.random()
        #expect(TokenText(token.text) == token && token.secret.utf8.count == 64 && token.keyID.utf8.count == 12)
        #expect(TokenText.random() != token)
        for text in ["", "sp", "sp_", "sp_a", "sp_a_", "sp__b", "SP_a_b", "xx_a_b"] { #expect(TokenText(text) == nil, "\(text)") }
    }

    @Test func `a text is told without the secrets of the tokens in it`() {
        let token = TokenText.random()
        #expect(TokenText.masked(in: "/api/v1/tokens/\(token.text)/x") == "/api/v1/tokens/sp_\(token.keyID)_…/x")
        let harmless = "/api/v1/stores/\(String(repeating: "sp_a", count: 20))"
        #expect(TokenText.masked(in: harmless) == harmless)
    }
}
