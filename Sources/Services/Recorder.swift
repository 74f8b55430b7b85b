import Engines
import FailPoints
import Foundation
import Kubernetes
import Postgres
import Repository
import Stores

/// Writes down what a pass has found, in one transaction that holds only while its lease does.
struct Recorder: Sendable {
    let pool: ConnectionPool
    let bulletin: Bulletin
    let platform: PlatformConfiguration

    func record(_ pass: Pass, _ lease: Lease, pause: Duration) async throws {
        let events = try await pool.transaction { db in
            let events = try record(pass, lease, pause, on: db)
            FailPoint.reach(.recordBefore)
            return events
        }
        FailPoint.reach(.recordAfter)
        if events > 0 { bulletin.announce(events: [pass.store.id]) }
    }

    /// - Returns: how many events were written.
    private func record(_ pass: Pass, _ lease: Lease, _ pause: Duration, on db: isolated Connection) throws -> Int {
        let store = pass.store
        let phase = pass.phase
        let sighting = sighting(of: pass, phase)
        let told = try EventRepository.lastOfStages(of: store.id, since: store.attemptedAt, on: db)
        var entries = repairs(by: pass, phase) + stageEvents(of: pass, phase, told: told)
        if !pass.setupSteps.isEmpty {
            let known = try EventRepository.setupSteps(of: store.id, since: store.attemptedAt, on: db)
            // Before the end of its stage is told, and after its beginning.
            let end = entries.firstIndex { $0.stage == .setup && $0.kind != .stageStarted } ?? entries.endIndex
            entries.insert(contentsOf: setupEvents(of: pass, phase, told: known), at: end)
        }
        if phase != store.phase { entries.append(phaseEvent(of: pass, sighting)) }
        let hasNews =
            phase != store.phase || sighting.message != store.message || sighting.reason != store.reason
            || (sighting.namespaceUID ?? store.namespaceUID) != store.namespaceUID || sighting.steadiness != store.steadiness
        let mayWrite =
            if hasNews {
                try StoreRepository.record(sighting, of: store, lease: lease, on: db) != nil
            } else {
                try StoreRepository.lock(store, lease: lease, on: db)
            }
        guard mayWrite else {
            // The row wants something else by now, or the lease is another's: then this changes nothing.
            try WorkRepository.handBack(lease, after: .zero, .progress, on: db)
            return 0
        }
        try EventRepository.append(entries, to: store.id, on: db)
        // What was verified is as its manifests say, also of a store that is not well: it is not verified again at each look.
        let isSealed = pass.isSettled || (pass.wasVerified && store.isLive && !pass.isInterrupted)
        if isSealed, pass.seal != store.seal || pass.manifestsHash != store.manifestsHash {
            try StoreRepository.seal(store.id, pass.seal, manifestsHash: pass.manifestsHash, on: db)
        }
        // The last word is the lease's: where it was lost meanwhile, nothing of this is written.
        let isStillHeld =
            if pass.isSettled || phase == .failed || phase == .deleted {
                try WorkRepository.finish(lease, on: db)
            } else {
                try WorkRepository.handBack(
                    lease, after: self.pause(pause, pass), entries.isEmpty ? .noProgress : .progress, on: db)
            }
        guard isStillHeld else { throw LeaseLost() }
        return entries.count
    }

    private func pause(_ pause: Duration, _ pass: Pass) -> Duration {
        guard pass.isWell, pass.cause != nil else { return max(pause, .seconds(1)) }
        return .seconds(min(15, max(1, pass.store.steadiness.seen(well: true, at: .now).remainder(at: .now))))
    }

    private func sighting(of pass: Pass, _ phase: StorePhase) -> StoreRepository.Sighting {
        let store = pass.store
        var sighting = StoreRepository.Sighting(
            phase: phase, reason: pass.cause?.reason, message: message(of: pass, phase),
            url: phase == .ready ? platform.url(of: store.slug) : nil, namespaceUID: pass.namespaceUID)
        sighting.restartsAttempt = pass.event == .namespaceLost
        sighting.steadiness =
            switch (store.phase, phase) {
            case (.ready, .degraded): store.steadiness.afterRelapse(at: .now)
            case (.degraded, .degraded) where !pass.isInterrupted: store.steadiness.seen(well: pass.isWell, at: .now)
            case (.degraded, .degraded): store.steadiness
            default: store.steadiness.seen(well: false, at: .now)
            }
        return sighting
    }

    /// What was found wrong in the cluster of a store that had been ready, and put right.
    private func repairs(by pass: Pass, _ phase: StorePhase) -> [EventRepository.Entry] {
        let all = pass.missing + pass.changed
        if pass.isUpdate {
            guard !all.isEmpty else { return [] }
            let message = "Brought up to what this version of the platform wants: \(Recorder.list(all))."
            return [.init(.updated, phase: phase, message: message)]
        }
        var entries: [EventRepository.Entry] = []
        if !pass.missing.isEmpty {
            entries.append(
                .init(
                    .healed, phase: phase, reason: "objects_missing",
                    message: "Found missing from its namespace and made again: \(Recorder.list(pass.missing))."))
        }
        // A new name of the store goes into an annotation of its namespace: nothing that anybody need be told.
        let changed = pass.changed.filter { $0.kind != Resource.namespace.kind || pass.wasVerified }
        if !changed.isEmpty {
            entries.append(
                .init(
                    .healed, phase: phase, reason: "objects_changed",
                    message: "Found changed in its namespace and put back: \(Recorder.list(changed))."))
        }
        return entries
    }

    private static func list(_ objects: [ObjectID]) -> String {
        let shown = objects.prefix(6).map(\.description).joined(separator: ", ")
        return objects.count > 6 ? "\(shown) and \(objects.count - 6) more" : shown
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
            case .ready where pass.store.phase == .degraded: "The shop answers again."
            case .ready: "The shop is ready: \(platform.url(of: pass.store.slug))"
            default: sighting.message
            }
        return .init(.phaseChanged, phase: sighting.phase, reason: sighting.reason, message: message)
    }

    /// What the set-up has done since it was last told. What it passed over was done before, and what failed is the stage's to tell.
    private func setupEvents(of pass: Pass, _ phase: StorePhase, told: Set<String>) -> [EventRepository.Entry] {
        pass.setupSteps.filter { $0.state == .done && !told.contains($0.name) }.map { step in
            .init(.setupStep, stage: .setup, phase: phase, reason: step.name, message: step.message)
        }
    }

    /// Whether a stage of which nothing was told yet is to be told as done: one that this pass has written, and the set-up in any case, for
    /// whoever started it may have been killed before it could tell.
    private func isNews(_ stage: StageName, _ pass: Pass) -> Bool { stage == .setup || pass.written.contains(stage) }

    /// What is new of each stage: that it was begun, what it waits for, that it is done.
    private func stageEvents(
        of pass: Pass, _ phase: StorePhase, told: [StageName: (kind: StoreEvent.Kind, message: String)]
    ) -> [EventRepository.Entry] {
        // Of a shop that was ready its phase tells enough: what comes and goes beneath would fill the timeline.
        guard pass.store.desired == .running, !pass.store.isLive || phase == .provisioning else { return [] }
        var entries: [EventRepository.Entry] = []
        for stage in pass.stages {
            let last = told[stage.name]
            let sentences = stage.name.sentences
            if last == nil, pass.written.contains(stage.name) {
                entries.append(.init(.stageStarted, stage: stage.name, phase: phase, message: sentences.begun))
            }
            switch pass.states[stage.name] {
            case .ready where last?.kind != .stageCompleted && (last != nil || isNews(stage.name, pass)):
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
