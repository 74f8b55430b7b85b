import Testing

@testable import Services

struct RecentAnswersTests {
    @Test func `guesses do not drive out who was good`() async throws {
        let recent = RecentAnswers<String>(maximumCount: 10)
        _ = try await recent.answer(for: [0]) { "Ada" }
        for guess in 1...100 { _ = try await recent.answer(for: [UInt8(guess)]) { nil } }
        #expect(recent.hasBeenGood([0]))
        #expect(!recent.hasBeenGood([100]))
    }

    @Test func `of too many good ones all are forgotten`() async throws {
        let recent = RecentAnswers<String>(maximumCount: 10)
        for number in 0...10 { _ = try await recent.answer(for: [UInt8(number)]) { "Ada" } }
        #expect(!recent.hasBeenGood([0]))
        #expect(recent.hasBeenGood([10]))
    }
}
