import Engines
import Foundation
import Postgres
import Repository
import Stores

/// Writes down what a pass has found, in one transaction that holds only while its lease does.
struct Recorder: Sendable {
    let pool: ConnectionPool
    let bulletin: Bulletin
    let platform: PlatformConfiguration

    /// The lease was lost: another works on the store, and what this pass saw is not written.
    private struct LeaseLost: Error {}

    func record(_ pass: Pass, _ lease: Lease, pause: Duration) async throws {
        do {
            let events = try await pool.transaction { db in try record(pass, lease, pause, on: db) }
            if events > 0 { bulletin.announce(events: [pass.store.id]) }
        } catch is LeaseLost {
            return
        }
    }

    /// - Returns: how many events were written.
    private func record(_ pass: Pass, _ lease: Lease, _ pause: Duration, on db: isolated Connection) throws -> Int {
        let store = pass.store
        let phase = pass.phase
        var sighting = StoreRepository.Sighting(
            phase: phase, reason: pass.cause?.reason, message: message(of: pass, phase),
            url: phase == .ready ? platform.url(of: store.slug) : nil, namespaceUID: pass.namespaceUID)
        sighting.restartsAttempt = pass.event == .namespaceLost
        let told = try EventRepository.lastOfStages(of: store.id, since: store.attemptedAt, on: db)
        var entries = stageEvents(of: pass, phase, told: told)
        if phase != store.phase { entries.append(phaseEvent(of: pass, sighting)) }
        let hasNews =
            phase != store.phase || sighting.message != store.message || sighting.reason != store.reason
            || (sighting.namespaceUID ?? store.namespaceUID) != store.namespaceUID
        if hasNews {
            guard try StoreRepository.record(sighting, of: store, lease: lease, on: db) != nil else {
                // the row wants something else by now
                try WorkRepository.handBack(lease, after: .zero, countsAttempt: false, on: db)
                return 0
            }
        }
        try EventRepository.append(entries, to: store.id, on: db)
        if pass.isSettled || phase == .failed || phase == .deleted {
            try WorkRepository.finish(lease, on: db)
        } else {
            try WorkRepository.handBack(lease, after: max(pause, .seconds(1)), countsAttempt: entries.isEmpty, on: db)
        }
        return entries.count
    }

    private func message(of pass: Pass, _ phase: StorePhase) -> String {
        switch phase {
        case .ready: "The shop can sell."
        case .deleted: "Removed from the cluster."
        default: pass.cause?.message ?? (pass.store.message.isEmpty ? "Being made." : progress(of: pass))
        }
    }

    private func progress(of pass: Pass) -> String {
        let unfinished = pass.stages.first { pass.states[$0.name] != .ready }
        return unfinished.map { "Waiting for the \($0.name.title)." } ?? pass.store.message
    }

    private func phaseEvent(of pass: Pass, _ sighting: StoreRepository.Sighting) -> EventRepository.Entry {
        let message =
            switch sighting.phase {
            case .provisioning where pass.event == .namespaceLost: "Its namespace was missing and is being made again."
            case .provisioning: "The store is being made."
            case .ready: "The shop is ready: \(platform.url(of: pass.store.slug))"
            default: sighting.message
            }
        return .init(.phaseChanged, phase: sighting.phase, reason: sighting.reason, message: message)
    }

    /// What is new of each stage: that it was begun, what it waits for, that it is done.
    private func stageEvents(
        of pass: Pass, _ phase: StorePhase, told: [StageName: (kind: StoreEvent.Kind, message: String)]
    ) -> [EventRepository.Entry] {
        guard pass.store.desired == .running, phase != .ready || pass.store.phase != .ready else { return [] }
        var entries: [EventRepository.Entry] = []
        for stage in pass.stages {
            let last = told[stage.name]
            let sentences = stage.name.sentences
            if last == nil, pass.written.contains(stage.name) {
                entries.append(.init(.stageStarted, stage: stage.name, phase: phase, message: sentences.begun))
            }
            switch pass.states[stage.name] {
            case .ready where last?.kind != .stageCompleted && (last != nil || pass.written.contains(stage.name)):
                entries.append(.init(.stageCompleted, stage: stage.name, phase: phase, message: sentences.done))
            case .waiting(let cause) where last?.message != cause.message:
                entries.append(.init(.stageWaiting, stage: stage.name, phase: phase, reason: cause.reason, message: cause.message))
            case .failed(let cause) where last?.message != cause.message:
                entries.append(.init(.warning, stage: stage.name, phase: phase, reason: cause.reason, message: cause.message))
            default: continue
            }
        }
        return entries
    }
}
