import Stores
import Testing

struct StorePhaseTests {
    /// Every pair that moves a store; every other pair must not.
    static let moves: [StorePhase: [PhaseEvent: StorePhase]] = [
        .pending: [.started: .provisioning, .becameReady: .ready, .gaveUp: .failed, .deletionRequested: .deleting],
        .provisioning: [.becameReady: .ready, .gaveUp: .failed, .deletionRequested: .deleting],
        .ready: [
            .becameUnwell: .degraded, .suspendRequested: .suspended, .namespaceLost: .provisioning, .deletionRequested: .deleting,
        ],
        .degraded: [
            .becameReady: .ready, .retryRequested: .provisioning, .suspendRequested: .suspended, .namespaceLost: .provisioning,
            .deletionRequested: .deleting,
        ],
        .failed: [.retryRequested: .provisioning, .deletionRequested: .deleting],
        .suspended: [.resumeRequested: .provisioning, .deletionRequested: .deleting],
        .deleting: [.namespaceGone: .deleted],
        .deleted: [:],
    ]

    @Test(arguments: StorePhase.allCases, PhaseEvent.allCases)
    func `every event in every phase leads where the table says`(phase: StorePhase, event: PhaseEvent) throws {
        #expect(phase.after(event) == StorePhaseTests.moves[phase]?[event])
    }

    @Test func `only a deleted store is at its end, and every phase can be reached`() {
        for phase in StorePhase.allCases {
            let next = PhaseEvent.allCases.compactMap(phase.after)
            #expect(next.isEmpty == (phase == .deleted))
        }
        var reached: Set<StorePhase> = [.pending]
        for _ in StorePhase.allCases { reached.formUnion(reached.flatMap { phase in PhaseEvent.allCases.compactMap(phase.after) }) }
        #expect(reached == Set(StorePhase.allCases))
    }
}
