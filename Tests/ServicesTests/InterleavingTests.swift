import Foundation
import JSON
import Kubernetes
import Stores
import Testing

@testable import Engines
@testable import Services

/// The decision under a scheduler that does its worst: two workers, crashes, answers that are lost, calls that arrive late, stale reads,
/// leases that run out, and somebody who deletes and alters objects. Whatever happens, once it stops, row and cluster agree.
struct InterleavingTests {
    private static let runs = 100_000

    @Test func `of a hundred thousand interleavings every one ends in agreement`() async throws {
        let seed = ProcessInfo.processInfo.environment["STORE_PLATFORM_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
        let scenery = try Scenery()
        let shares = 4
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for share in 0..<shares {
                group.addTask {
                    var tally = Tally()
                    for run in stride(from: share, to: InterleavingTests.runs, by: shares) {
                        var world = World(scenery, seed: seed &+ UInt64(run))
                        world.run()
                        if let complaint = world.complaint { tally.complaints.append("run \(run): \(complaint)") }
                        tally.add(world)
                    }
                    return tally
                }
            }
            return try await group.reduce(into: Tally()) { $0.add($1) }
        }
        print("interleavings: \(InterleavingTests.runs), seed \(seed): \(tally)")
        #expect(tally.complaints.count == 0, "seed \(seed): \(tally.complaints.prefix(3).joined(separator: "\n"))")
        // What never happened was not tried.
        let hasAll = tally.counts.count == World.Happening.allCases.count && tally.counts.values.allSatisfy { $0 > 100 }
        #expect(hasAll, "\(tally)")
    }
}

private struct Tally: Sendable, CustomStringConvertible {
    var complaints: [String] = []
    var counts: [World.Happening: Int] = [:]

    mutating func add(_ world: World) { counts.merge(world.counts, uniquingKeysWith: +) }

    mutating func add(_ other: Tally) {
        complaints += other.complaints
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    var description: String {
        counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
    }
}

/// A small store: enough stages for everything that can be decided.
private struct Scenery: Sendable {
    let store: Store
    let stages: [Stage]
    let namespace: Manifest

    init() throws {
        let moment = Date(timeIntervalSince1970: 0)
        let store = Store(
            id: try #require(StoreID("abcdefghijkm")), name: "Teapots", slug: try Slug("teapots"), engine: EngineID(rawValue: "e"),
            plan: .small, account: "default", createdAt: moment, updatedAt: moment, attemptedAt: moment)
        let namespace = Manifest(
            .namespace, store.id.namespace, of: store, stage: .namespace, labels: [Labels.install: "default"], [:])
        let one: JSONValue = ["replicas": 1]
        self.store = store
        self.namespace = namespace
        stages = [
            Stage(.namespace, needs: [], [namespace]),
            Stage(
                .settings, needs: [.namespace],
                [
                    Manifest(
                        .secret, "credentials", of: store, stage: .settings, write: .createOnce(generating: ["p": .text(8)]), [:]),
                    Manifest(.networkPolicy, "default-deny", of: store, stage: .settings, ["spec": [:]]),
                ]),
            Stage(.database, needs: [.settings], [Manifest(.statefulSet, "database", of: store, stage: .database, ["spec": one])]),
            Stage(.shop, needs: [.database], [Manifest(.deployment, "shop", of: store, stage: .shop, ["spec": one])]),
            Stage(.address, needs: [.shop], [Manifest(.ingress, "shop", of: store, stage: .address, ["spec": [:]])]),
        ]
    }
}

/// SplitMix64: small, and the same everywhere.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
        state = next()  // else neighbouring seeds give the same numbers, one place on
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A row, a queue with one place, a cluster with one namespace, and two workers that take a step whenever they are told to.
private struct World {
    enum Happening: String, CaseIterable {
        case passes, takeovers, crashes, lostAnswers, lateCalls, staleReads, fencedCalls, fencedRecords, meddled, deletions, strays
    }

    private struct Object: Equatable {
        var uid: Int
        var generation = 1
        var hash: String
        var isReady = false
        /// Of a Secret: what was generated.
        var password = 0
    }

    private struct Cluster: Equatable {
        var uid: Int?
        /// Moments until a namespace that terminates is gone.
        var ending: Int?
        var objects: [ObjectID: Object] = [:]
        /// The namespace's labels say whose it is.
        var isLabelled = true
        var generation = 1
    }

    private enum Call {
        case write(Manifest, password: Int)
        case removeNamespace(uid: Int)
    }

    private struct Worker {
        var token: Int?
        var trustedUntil = 0
        var pass: Pass?
        var requested = 0
        var observation: Observation?
        var toDo: [Call] = []
        var verifies = false
        var rounds = 0
    }

    private let scenery: Scenery
    private var random: SeededGenerator
    private var now = 0
    private var row: Store
    private var work: (requested: Int, token: Int?, leaseUntil: Int)? = (1, nil, 0)
    private var cluster = Cluster()
    private var older: Cluster?
    private var shown: (cluster: Cluster, observation: Observation)?
    private var workers = [Worker(), Worker()]
    private var inFlight: [(call: Call, at: Int)] = []
    private var lastNumber = 0
    private var passwords: [Int: Set<Int>] = [:]
    private(set) var counts: [Happening: Int] = [:]
    private(set) var complaint: String?

    private static let lease = 30
    private static let trust = 20

    init(_ scenery: Scenery, seed: UInt64) {
        self.scenery = scenery
        random = SeededGenerator(seed: seed)
        row = scenery.store
    }

    mutating func run() {
        for _ in 0..<Int.random(in: 20...60, using: &random) { doSomething() }
        // From here nothing more goes wrong. Nobody gives back what a crash has left; it runs out.
        for _ in 0..<60 where complaint == nil {
            now += 5
            arrive(allOf: true)
            tick()
            reconcile()
            for index in workers.indices { finishPass(index) }
            if seesAgreement() { break }
        }
        check()
    }

    private mutating func count(_ happening: Happening) { counts[happening, default: 0] += 1 }

    private mutating func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: The scheduler

    private mutating func doSomething() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<62: step(Int.random(in: 0...1, using: &random))
        case 62..<72: tick()
        case 72..<78: crash(Int.random(in: 0...1, using: &random))
        case 78..<82: now += Int.random(in: 5...40, using: &random)
        case 82..<86: meddle()
        case 86..<89: reconcile()
        case 89..<91: requestDeletion()
        case 91..<94: older = cluster
        default: arrive(allOf: false)
        }
        now += 1
    }

    private mutating func crash(_ index: Int) {
        guard workers[index].token != nil else { return }
        workers[index] = Worker()
        count(.crashes)
    }

    private mutating func requestDeletion() {
        guard row.desired == .running, let phase = row.phase.after(.deletionRequested) else { return }
        row.desired = .absent
        row.phase = phase
        row.generation += 1
        enqueue()
        count(.deletions)
    }

    private mutating func enqueue() {
        work = work.map { ($0.requested + 1, $0.token, $0.leaseUntil) } ?? (1, nil, 0)
    }

    /// Pods become ready, and namespaces end, in their own time.
    private mutating func tick() {
        if let ending = cluster.ending {
            cluster.ending = ending - 1
            if ending <= 1 { cluster = Cluster() }
        }
        // No container starts without the Secret that its variables come from.
        guard cluster.objects.keys.contains(where: { $0.kind == Resource.secret.kind }) else { return enqueueLiving() }
        for id in cluster.objects.keys.sorted(by: { $0.description < $1.description }) where chance(50) {
            cluster.objects[id]?.isReady = true
        }
        enqueueLiving()
    }

    private mutating func enqueueLiving() {
        if row.phase != .deleted { enqueue() }
    }

    private mutating func meddle() {
        count(.meddled)
        let names = cluster.objects.keys.filter { $0.kind != Resource.secret.kind }.sorted { $0.description < $1.description }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: cluster.ending = cluster.uid == nil ? nil : cluster.ending ?? 2
        case 1: if cluster.uid != nil { cluster.isLabelled = row.namespaceUID.flatMap(Int.init) != cluster.uid }
        case 2: if let name = names.randomElement(using: &random) { cluster.objects[name] = nil }
        default: if let name = names.randomElement(using: &random) { cluster.objects[name]?.generation += 1 }
        }
    }

    // MARK: Calls to the cluster

    private mutating func arrive(allOf: Bool) {
        let due = inFlight.filter { allOf || $0.at <= now }
        inFlight.removeAll { allOf || $0.at <= now }
        for (call, _) in due { perform(call) }
    }

    @discardableResult private mutating func perform(_ call: Call) -> Bool {
        switch call {
        case .removeNamespace(let uid):
            guard cluster.uid == uid else { return false }
            cluster.ending = cluster.ending ?? 2
        case .write(let manifest, let password): return write(manifest, password)
        }
        return true
    }

    private mutating func write(_ manifest: Manifest, _ password: Int) -> Bool {
        if manifest.resource == .namespace {
            if cluster.uid == nil { cluster = Cluster(uid: number()) }
            cluster.isLabelled = true
            return true
        }
        guard let uid = cluster.uid, cluster.ending == nil else { return false }
        if case .createOnce = manifest.write {
            guard cluster.objects[manifest.id] == nil else { return true }
            cluster.objects[manifest.id] = Object(uid: number(), hash: manifest.hash, password: password)
            passwords[uid, default: []].insert(password)
            return true
        }
        if var object = cluster.objects[manifest.id] {
            // An odd generation is what we left; what somebody altered is put back, which counts as another change.
            if object.generation % 2 == 0 { object.generation += 1 }
            object.hash = manifest.hash
            cluster.objects[manifest.id] = object
        } else {
            cluster.objects[manifest.id] = Object(uid: number(), hash: manifest.hash)
        }
        return true
    }

    /// What is read of the cluster; made anew only when it has changed.
    private mutating func observation(of cluster: Cluster) -> Observation {
        if let shown, shown.cluster == cluster { return shown.observation }
        let observation = read(cluster)
        shown = (cluster, observation)
        return observation
    }

    private func read(_ cluster: Cluster) -> Observation {
        var observation = Observation()
        observation.isComplete = true
        guard let uid = cluster.uid else { return observation }
        var json = scenery.namespace.json
        var metadata = json["metadata"] ?? [:]
        metadata["uid"] = .string(String(uid))
        if !cluster.isLabelled { metadata["labels"] = [:] }
        if cluster.ending != nil { metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        json["metadata"] = metadata
        json["status"] = ["phase": cluster.ending == nil ? "Active" : "Terminating"]
        observation.note(json, of: .namespace)
        guard cluster.ending == nil else { return observation }
        for manifest in scenery.stages.flatMap(\.manifests) {
            guard let object = cluster.objects[manifest.id] else { continue }
            observation.note(shown(manifest, object), of: manifest.resource)
        }
        return observation
    }

    private func shown(_ manifest: Manifest, _ object: Object) -> JSONValue {
        var json = manifest.json
        var metadata = json["metadata"] ?? [:]
        metadata["uid"] = .string(String(object.uid))
        metadata["generation"] = .integer(object.generation)
        if object.generation % 2 == 0 { metadata["managedFields"] = [["manager": "somebody", "operation": "Update"]] }
        json["metadata"] = metadata
        let pods: JSONValue = .integer(object.isReady ? 1 : 0)
        json["status"] = [
            "observedGeneration": .integer(object.generation), "replicas": 1, "readyReplicas": pods, "updatedReplicas": pods,
            "availableReplicas": pods,
        ]
        return json
    }

    // MARK: Workers

    private mutating func step(_ index: Int) {
        guard let token = workers[index].token else { return claim(index) }
        guard workers[index].pass != nil else { return read(index) }
        guard now < workers[index].trustedUntil else {
            // Its beat was not confirmed in time: no call goes out any more.
            count(.fencedCalls)
            if chance(30) { record(index, token) }  // one that does not know yet: the row's guard must hold
            workers[index] = Worker()
            return
        }
        if workers[index].toDo.isEmpty { decide(index, token) } else { act(index) }
    }

    private mutating func claim(_ index: Int) {
        guard let due = work, due.token == nil || due.leaseUntil < now else { return }
        if due.token != nil { count(.takeovers) }
        let token = number()
        work = (due.requested, token, now + World.lease)
        workers[index] = Worker(token: token, trustedUntil: now + World.trust, requested: due.requested)
        count(.passes)
    }

    private mutating func read(_ index: Int) {
        var seen = cluster
        // A GET of the namespace is answered from the API server's quorum; what the lists show beneath it may be old.
        if let older, cluster.uid != nil, chance(10) {
            seen.objects = older.objects
            count(.staleReads)
        }
        workers[index].pass = Pass(store: row, stages: scenery.stages, manifestsHash: "m")
        workers[index].observation = observation(of: seen)
    }

    private mutating func decide(_ index: Int, _ token: Int) {
        guard var pass = workers[index].pass, let observation = workers[index].observation else { return }
        let decision = Decision.about(
            pass.store, stages: pass.stages, observation: observation, now: Date(timeIntervalSince1970: Double(now)),
            deadline: .distantFuture, installID: "default")
        pass.take(decision, observation)
        workers[index].pass = pass
        workers[index].rounds += 1
        for action in decision.actions {
            switch action {
            case .write(_, let manifests), .verify(let manifests):
                for manifest in manifests { workers[index].toDo.append(.write(manifest, password: number())) }
                if case .verify = action { workers[index].verifies = true }
            case .removeNamespace(let uid): workers[index].toDo.append(.removeNamespace(uid: Int(uid) ?? 0))
            case .removeJob: complaint = "a Job was to be removed, and there is none"
            }
        }
        if workers[index].toDo.isEmpty || workers[index].rounds > 10 {
            record(index, token)
            workers[index] = Worker()
        }
    }

    private mutating func act(_ index: Int) {
        let call = workers[index].toDo.removeFirst()
        if chance(5) {
            // Sent in time and held up on the way: it arrives when nobody expects it any more.
            inFlight.append((call, now + Int.random(in: 1...60, using: &random)))
            count(.lateCalls)
            workers[index] = Worker()
            return
        }
        let isDone = perform(call)
        if chance(5) || !isDone {
            if isDone { count(.lostAnswers) }
            handBack(index)
            return
        }
        if case .removeNamespace = call {
            record(index, workers[index].token ?? 0)
            workers[index] = Worker()
            return
        }
        guard workers[index].toDo.isEmpty else { return }
        var seen = observation(of: cluster)
        seen.isVerified = workers[index].verifies
        workers[index].observation = seen
    }

    private mutating func handBack(_ index: Int) {
        if let due = work, due.token == workers[index].token { work = (due.requested, nil, 0) }
        workers[index] = Worker()
    }

    /// As the repository's guarded statements do it.
    private mutating func record(_ index: Int, _ token: Int) {
        guard let pass = workers[index].pass, let due = work else { return }
        guard due.token == token, due.leaseUntil > now else { return count(.fencedRecords) }
        guard row.phase == pass.store.phase, row.generation == pass.store.generation else {
            work = (due.requested, nil, 0)
            return
        }
        row.phase = pass.phase
        row.reason = pass.cause?.reason
        row.namespaceUID = pass.namespaceUID ?? row.namespaceUID
        if pass.isSettled { row.seal = pass.seal }
        if row.phase == .ready { row.readyAt = row.readyAt ?? Date(timeIntervalSince1970: Double(now)) }
        let isOver = pass.isSettled || pass.phase == .failed || pass.phase == .deleted
        work = isOver && due.requested == workers[index].requested ? nil : (due.requested, nil, 0)
    }

    private mutating func finishPass(_ index: Int) {
        for _ in 0..<80 where complaint == nil {
            let wasIdle = workers[index].token == nil
            step(calmly: index)
            if workers[index].token == nil, wasIdle { return }
            if workers[index].token == nil { return }
        }
    }

    /// A step in which nothing goes wrong.
    private mutating func step(calmly index: Int) {
        older = nil
        if workers[index].token != nil, workers[index].pass != nil, !workers[index].toDo.isEmpty, now < workers[index].trustedUntil
        {
            let call = workers[index].toDo.removeFirst()
            guard perform(call) else { return handBack(index) }
            if case .removeNamespace = call {
                record(index, workers[index].token ?? 0)
                workers[index] = Worker()
            } else if workers[index].toDo.isEmpty {
                var seen = observation(of: cluster)
                seen.isVerified = workers[index].verifies
                workers[index].observation = seen
            }
            return
        }
        step(index)
    }

    /// As the reconciler does it: by name and uid, a namespace without a living row goes; a row that does not agree is due.
    private mutating func reconcile() {
        if row.phase == .deleted, let uid = cluster.uid, cluster.ending == nil, cluster.isLabelled {
            perform(.removeNamespace(uid: uid))
            count(.strays)
        } else if row.phase != .deleted, work == nil {
            let seal = observation(of: cluster).seal?.text
            if row.phase != .ready || cluster.uid == nil || !cluster.isLabelled || seal != row.seal { enqueue() }
        }
    }

    // MARK: Agreement

    private mutating func seesAgreement() -> Bool {
        guard work == nil, workers.allSatisfy({ $0.token == nil }), inFlight.isEmpty else { return false }
        if row.phase == .deleted { return cluster.uid == nil }
        return row.phase == .ready && observation(of: cluster).seal?.text == row.seal
    }

    private mutating func check() {
        guard complaint == nil else { return }
        let state = "(phase \(row.phase), reason \(row.reason ?? "none"), desired \(row.desired))"
        if let made = passwords.first(where: { $0.value.count > 1 }) {
            return complaint = "passwords made twice in namespace \(made.key) \(state)"
        }
        guard seesAgreement() else { return complaint = "not settled \(state)" }
        if row.desired == .absent {
            if row.phase != .deleted || cluster.uid != nil { complaint = "wanted gone and not gone \(state)" }
            return
        }
        guard row.phase == .ready, let uid = cluster.uid, cluster.isLabelled else {
            return complaint = "wanted and not there \(state)"
        }
        if row.namespaceUID != String(uid) { complaint = "another namespace than the row says \(state)" }
        for manifest in scenery.stages.flatMap(\.manifests) where manifest.resource != .namespace {
            guard let object = cluster.objects[manifest.id], object.hash == manifest.hash, object.generation % 2 == 1 else {
                return complaint = "\(manifest.id) is not as it should be \(state)"
            }
        }
    }
}
