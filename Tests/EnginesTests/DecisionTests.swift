import Foundation
import JSON
import Kubernetes
import Stores
import Testing

@testable import Engines

/// The decision for every stage of a store's life, from what the cluster shows.
struct DecisionTests {
    private let now = Date(timeIntervalSince1970: 1_795_000_010)

    private func decide(
        _ store: Store, _ observation: Observation, late: Bool = false, left: TimeInterval = 600
    ) throws -> Decision {
        let stages = try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration()))
        return Decision.about(
            store, stages: stages, observation: observation, now: now, deadline: late ? now - 1 : now + left, installID: "default")
    }

    /// The cluster with everything of the stages up to one, as its manifests say.
    private func cluster(_ store: Store, through last: StageName, changing: (inout JSONValue, Resource) -> Void = { _, _ in })
        throws -> Observation
    {
        var observation = Observation()
        for stage in try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())) where stage.name <= last {
            for manifest in stage.manifests {
                var json = manifest.json
                json["status"] = manifest.resource == .persistentVolumeClaim ? ["phase": "Bound"] : [:]
                if manifest.resource == .namespace { json["status"] = ["phase": "Active"] }
                changing(&json, manifest.resource)
                observation.note(json, of: manifest.resource)
            }
        }
        observation.isComplete = true
        return observation
    }

    private func allWell(_ json: inout JSONValue, _ resource: Resource) {
        switch resource {
        case .statefulSet: json["status"] = ["replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1]
        case .deployment:
            json["status"] = ["replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1]
        case .job: json["status"] = ["succeeded": 1, "conditions": [["type": "Complete", "status": "True"]]]
        default: break
        }
    }

    private var nothing: Observation {
        var observation = Observation()
        observation.isComplete = true
        return observation
    }

    private func written(_ decision: Decision) -> [StageName] {
        decision.actions.compactMap { action in if case .write(let stage, _) = action { stage } else { nil } }
    }

    @Test func `where there is nothing, everything up to the volumes is written, and no pod`() throws {
        let decision = try decide(try store(phase: .pending), nothing)
        #expect(written(decision) == [.namespace, .limits, .settings, .storage])
        #expect(decision.event == .started)
        #expect(!decision.isSettled)
    }

    @Test func `the set-up and the shop begin side by side once the database is up`() throws {
        let store = try store()
        let waiting = try decide(store, try cluster(store, through: .database))
        #expect(waiting.actions.isEmpty)
        #expect(waiting.cause?.reason == "pods_starting")
        let next = try decide(store, try cluster(store, through: .database, changing: allWell))
        #expect(written(next) == [.setup, .shop])
    }

    @Test func `the address is opened only when set-up and shop are ready`() throws {
        let store = try store()
        let early = try decide(
            store, try cluster(store, through: .shop) { json, resource in if resource != .job { allWell(&json, resource) } })
        #expect(written(early) == [])
        #expect(early.cause?.reason == "setup_running")
        let last = try decide(store, try cluster(store, through: .shop, changing: allWell))
        #expect(written(last) == [.address])
        #expect(last.event == .becameReady)
    }

    @Test func `a ready store whose objects are as they should be is left alone`() throws {
        let (store, observation) = try sealed(.ready)
        let decision = try decide(store, observation)
        #expect(decision.actions.isEmpty && decision.event == nil && decision.isSettled)
    }

    /// A store that was found right, and the cluster as it was then.
    private func sealed(
        _ phase: StorePhase, changing: (inout JSONValue, Resource) -> Void = { _, _ in }
    ) throws -> (Store, Observation) {
        var store = try store(phase: phase)
        store.seal = try #require(try cluster(store, through: .address, changing: allWell).seal).text
        let observation = try cluster(store, through: .address) { json, resource in
            allWell(&json, resource)
            changing(&json, resource)
        }
        return (store, observation)
    }

    private func verifies(_ decision: Decision) -> Bool {
        decision.actions.contains { action in if case .verify = action { true } else { false } }
    }

    @Test(arguments: ["version", "uid"]) func `a change that leaves the manifest's hash shows in the seal`(what: String) throws {
        let (store, observation) = try sealed(.ready) { json, resource in
            guard resource == .networkPolicy else { return }
            var metadata = json["metadata"] ?? [:]
            if what == "uid" { metadata["uid"] = "another" } else { metadata["generation"] = 2 }
            json["metadata"] = metadata
        }
        let decision = try decide(store, observation)
        #expect(verifies(decision) && !decision.isSettled)
        var verified = observation
        verified.isVerified = true
        let after = try decide(store, verified)
        #expect(after.isSettled && after.actions.isEmpty)
    }

    @Test func `a label that was taken away is written again`() throws {
        let (store, observation) = try sealed(.ready) { json, resource in
            guard resource == .service else { return }
            var metadata = json["metadata"] ?? [:]
            metadata["labels"] = ["store-platform/type": "store"]
            json["metadata"] = metadata
        }
        #expect(written(try decide(store, observation)) == [.database])
    }

    @Test func `what somebody altered before it was ever found right is sent again before the store is called ready`() throws {
        let store = try store()
        let altered = try cluster(store, through: .address) { json, resource in
            allWell(&json, resource)
            guard resource == .networkPolicy else { return }
            var metadata = json["metadata"] ?? [:]
            metadata["managedFields"] = [["manager": "kubectl-edit", "operation": "Update"]]
            json["metadata"] = metadata
        }
        let decision = try decide(store, altered)
        #expect(verifies(decision) && decision.event == nil)
        let status = try cluster(store, through: .address) { json, resource in
            allWell(&json, resource)
            var metadata = json["metadata"] ?? [:]
            metadata["managedFields"] = [
                ["manager": "store-platform", "operation": "Apply"],
                ["manager": "traefik", "operation": "Update", "subresource": "status"],
                ["manager": "kube-controller-manager", "operation": "Update"],
            ]
            json["metadata"] = metadata
        }
        #expect(try decide(store, status).event == .becameReady)
    }

    @Test func `what a pod changes in the quota's status is nobody's doing`() throws {
        let (store, observation) = try sealed(.ready) { json, resource in
            guard resource == .resourceQuota else { return }
            var metadata = json["metadata"] ?? [:]
            metadata["resourceVersion"] = "77"
            json["metadata"] = metadata
            json["status"] = ["used": ["pods": "3"]]
        }
        #expect(try decide(store, observation).isSettled)
        let (another, raised) = try sealed(.ready) { json, resource in
            if resource == .resourceQuota { json["spec"] = ["hard": ["pods": "1000"]] }
        }
        #expect(verifies(try decide(another, raised)))
    }

    @Test func `a namespace whose labels were taken away is still the store's, by its uid`() throws {
        func stripped(_ labels: JSONValue) throws -> (Store, Observation) {
            var (store, observation) = try sealed(.ready) { json, resource in
                guard resource == .namespace else { return }
                var metadata = json["metadata"] ?? [:]
                metadata["uid"] = "u1"
                metadata["labels"] = labels
                json["metadata"] = metadata
            }
            store.namespaceUID = "u1"
            return (store, observation)
        }
        let (store, observation) = try stripped([:])
        #expect(written(try decide(store, observation)) == [.namespace])
        let (_, taken) = try stripped(["store-platform/install": "another"])
        let decision = try decide(store, taken)
        #expect(decision.actions.isEmpty && decision.isForeign)
        var another = store
        another.namespaceUID = "u2"
        #expect(try decide(another, observation).isForeign)
    }

    @Test func `lost passwords are told and not made up again`() throws {
        for phase in [StorePhase.ready, .provisioning] {
            let store = try store(phase: phase)
            var observation = Observation()
            for stage in try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())) {
                for manifest in stage.manifests where manifest.resource != .secret {
                    var json = manifest.json
                    allWell(&json, manifest.resource)
                    if manifest.resource == .persistentVolumeClaim { json["status"] = ["phase": "Bound"] }
                    observation.note(json, of: manifest.resource)
                }
            }
            observation.isComplete = true
            let decision = try decide(store, observation)
            #expect(decision.cause?.reason == "credentials_lost" && decision.actions.isEmpty)
            #expect(decision.event == (phase == .ready ? .becameUnwell : .gaveUp))
        }
    }

    @Test func `a workload that came before its Secret, late on its way, has locked nobody out`() throws {
        let store = try store()
        var observation = try cluster(store, through: .limits)
        for stage in try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())) {
            for manifest in stage.manifests where manifest.resource == .statefulSet {
                observation.note(manifest.json, of: manifest.resource)
            }
        }
        let decision = try decide(store, observation)
        #expect(decision.cause?.reason != "credentials_lost" && written(decision).contains(.settings))
        var known = store
        known.readyAt = now
        known.namespaceUID = observation.namespace?.metadata.uid
        #expect(try decide(known, observation).cause?.reason == "credentials_lost")
    }

    @Test func `a store that falls again and again is watched before it is called ready`() throws {
        var (store, observation) = try sealed(.degraded)
        store.steadiness = Steadiness(relapses: 3, relapsedAt: now - 60, wellSince: now - 15)
        let early = try decide(store, observation)
        #expect(early.event == nil && early.isWell && !early.isSettled && early.cause?.reason == "recovering")
        store.steadiness.wellSince = now - 20
        #expect(try decide(store, observation).event == .becameReady)
    }

    @Test func `what somebody changed or removed is written again`() throws {
        let store = try store(phase: .ready)
        let drifted = try cluster(store, through: .address) { json, resource in
            allWell(&json, resource)
            if resource == .networkPolicy { json.setAnnotation("stale") }
        }
        #expect(written(try decide(store, drifted)) == [.limits])
    }

    @Test func `a ready store whose pods stop answering is degraded, and ready again by itself`() throws {
        let (ready, fallen) = try fallen()
        #expect(try decide(ready, fallen).event == .becameUnwell)
        let (degraded, well) = try sealed(.degraded)
        #expect(try decide(degraded, well).event == .becameReady)
    }

    /// A shop that has been ready and whose Deployment does not answer.
    private func fallen(
        _ phase: StorePhase = .ready, changing: (inout JSONValue, Resource) -> Void = { _, _ in }
    ) throws -> (Store, Observation) {
        try sealed(phase) { json, resource in
            if resource == .deployment { json["status"] = [:] }
            changing(&json, resource)
        }
    }

    @Test(arguments: [StorePhase.ready, .degraded])
    func `why a shop does not answer is looked for in everything it was given`(_ phase: StorePhase) throws {
        var (store, seen) = try fallen(phase)
        seen.isComplete = false
        #expect(try decide(store, seen).needsEverything)

        var withoutService = seen
        withoutService.isComplete = true
        withoutService.hashes[ObjectID(kind: "Service", name: "mariadb")] = nil
        #expect(written(try decide(store, withoutService)) == [.database])

        var (altered, changed) = try fallen(phase) { json, resource in
            guard resource == .networkPolicy else { return }
            var metadata = json["metadata"] ?? [:]
            metadata["generation"] = 2
            json["metadata"] = metadata
        }
        #expect(verifies(try decide(altered, changed)))
        changed.isVerified = true
        #expect(!verifies(try decide(altered, changed)))
        altered.seal = try #require(changed.seal).text
        changed.isVerified = false
        #expect(!verifies(try decide(altered, changed)))
    }

    @Test func `a store that is about to be given up is asked for what it was given`() throws {
        var store = try store()
        var seen = try cluster(store, through: .database)
        seen.isComplete = false
        store.attemptedAt = now - 500
        #expect(!(try decide(store, seen, left: 100)).needsEverything)
        #expect(try decide(store, seen, left: 50).needsEverything)
        seen.isComplete = true
        seen.hashes[ObjectID(kind: "Service", name: "mariadb")] = nil
        #expect(written(try decide(store, seen, left: 50)) == [.database])
    }

    @Test func `a store that is late is given up with what it waited for`() throws {
        let store = try store()
        let decision = try decide(store, try cluster(store, through: .database), late: true)
        #expect(decision.event == .gaveUp && decision.actions.isEmpty)
        #expect(decision.cause?.message.contains("mariadb") == true)
    }

    @Test func `nothing is called ready of which not everything was read`() throws {
        let store = try store()
        var partial = try cluster(store, through: .address, changing: allWell)
        partial.isComplete = false
        #expect(try decide(store, partial).needsEverything)
    }

    @Test func `a namespace that is not the store's is never touched`() throws {
        for desired in [DesiredState.running, .absent] {
            let store = try store(phase: desired == .absent ? .deleting : .provisioning, desired: desired)
            var foreign = nothing
            foreign.namespace = Namespace(json: ["metadata": ["name": "store-abcdefghijkm", "uid": "1"]])
            let decision = try decide(store, foreign)
            #expect(decision.actions.isEmpty)
            #expect(decision.cause?.reason == "foreign_namespace")
        }
    }

    @Test func `a removal ends only when the namespace is gone, and says what holds it up`() throws {
        let store = try store(phase: .deleting, desired: .absent)
        #expect(try decide(store, nothing).event == .namespaceGone)
        let there = try cluster(store, through: .address, changing: allWell)
        #expect(try decide(store, there).actions == [.removeNamespace(uid: "")])
        var stuck = there
        stuck.namespace = Namespace(json: [
            "metadata": [
                "name": "n", "deletionTimestamp": "2026-11-23T08:53:36Z",
                "labels": ["store-platform/id": "abcdefghijkm", "store-platform/install": "default"],
            ],
            "status": [
                "phase": "Terminating",
                "conditions": [
                    [
                        "type": "NamespaceFinalizersRemaining", "status": "True",
                        "message": "Some content has finalizers remaining: a.b/c",
                    ]
                ],
            ],
        ])
        let waiting = try decide(store, stuck)
        #expect(waiting.actions.isEmpty && waiting.event == nil)
        #expect(waiting.cause?.message.contains("a.b/c") == true)
    }

    @Test func `a set-up that has failed for good fails the store, and a retry runs another`() throws {
        let failedJob: (inout JSONValue, Resource) -> Void = { json, resource in
            allWell(&json, resource)
            guard resource == .job else { return }
            json["status"] = [
                "failed": 5,
                "conditions": [["type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"]],
            ]
            var metadata = json["metadata"] ?? [:]
            metadata["creationTimestamp"] = "2026-11-18T11:06:41Z"  // after the store's attempt began
            metadata["uid"] = "job-1"
            json["metadata"] = metadata
        }
        let store = try store()
        let decision = try decide(store, try cluster(store, through: .shop, changing: failedJob))
        #expect(decision.event == .gaveUp)
        #expect(decision.cause?.reason == "setup_failed")
        var retried = store
        retried.attemptedAt = Date(timeIntervalSince1970: 1_795_100_000)
        let again = try decide(retried, try cluster(retried, through: .shop, changing: failedJob))
        #expect(again.actions.count == 1)
        guard case .removeJob(_, let uid) = again.actions[0] else { throw CancellationError() }
        #expect(uid == "job-1")
    }

    @Test func `a container that does not run is explained`() throws {
        let cases: [(reason: String, state: JSONValue, last: JSONValue)] = [
            ("image_pull", ["waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image"]], [:]),
            (
                "crash_loop", ["waiting": ["reason": "CrashLoopBackOff"]],
                ["terminated": ["exitCode": 3, "reason": "Error", "message": "cannot reach the database\n"]]
            ),
            ("out_of_memory", ["terminated": ["exitCode": 1, "reason": "OOMKilled"]], [:]),
            ("container_config", ["waiting": ["reason": "CreateContainerConfigError", "message": "secret absent not found"]], [:]),
        ]
        let store = try store()
        for (reason, state, last) in cases {
            var observation = try cluster(store, through: .database)
            observation.pods = [
                Pod(json: [
                    "metadata": ["name": "mariadb-0", "labels": ["store-platform/stage": "database"]],
                    "status": [
                        "phase": "Pending",
                        "containerStatuses": [["name": "mariadb", "image": "mariadb:1", "state": state, "lastState": last]],
                    ],
                ])
            ]
            let cause = try #require(try decide(store, observation).cause)
            #expect(cause.reason == reason)
            #expect(cause.message.contains("the database"))
            if reason == "crash_loop" { #expect(cause.message.contains("cannot reach the database")) }
        }
    }

    @Test func `a pod that cannot be placed, a volume that is not bound and a refused pod are explained`() throws {
        let store = try store()
        var observation = try cluster(store, through: .database)
        observation.pods = [
            Pod(json: [
                "metadata": ["name": "mariadb-0", "labels": ["store-platform/stage": "database"]],
                "status": [
                    "phase": "Pending",
                    "conditions": [
                        ["type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient memory."]
                    ],
                ],
            ])
        ]
        #expect(try decide(store, observation).cause?.reason == "unschedulable")
        let unbound = try cluster(store, through: .storage) { json, resource in
            if resource == .persistentVolumeClaim { json["status"] = ["phase": "Pending"] }
        }
        #expect(try decide(store, unbound).cause?.reason == "volume_pending")
        for (text, reason) in [
            ("exceeded quota: store, requested: pods=1", "quota_exceeded"),
            ("violates PodSecurity \"restricted:latest\"", "pod_security"),
        ] {
            let refused = try cluster(store, through: .shop) { json, resource in
                allWell(&json, resource)
                guard resource == .deployment else { return }
                json["status"] = [
                    "conditions": [
                        ["type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": .string(text)]
                    ]
                ]
            }
            let decision = try decide(store, refused)
            #expect(decision.cause?.reason == reason)
        }
    }
}

extension JSONValue {
    fileprivate mutating func setAnnotation(_ hash: String) {
        var metadata = self["metadata"] ?? [:]
        metadata["annotations"] = [Manifest.hashAnnotation: .string(hash)]
        self["metadata"] = metadata
    }
}
