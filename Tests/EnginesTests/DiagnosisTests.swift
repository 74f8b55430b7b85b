import Foundation
import JSON
import Kubernetes
import Stores
import Testing

@testable import Engines

/// What is said of a set-up that failed and of pods that do not answer: a code, what happened, and what to do.
struct DiagnosisTests {
    /// A store whose set-up has ended for good, with a pod that said this last.
    private func decision(onLastWords words: String, reason: String = "Error") throws -> Decision {
        let store = try store()
        var observation = Observation()
        for stage in try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())) where stage.name <= .setup {
            for manifest in stage.manifests {
                var json = manifest.json
                switch manifest.resource {
                case .namespace: json["status"] = ["phase": "Active"]
                case .persistentVolumeClaim: json["status"] = ["phase": "Bound"]
                case .statefulSet: json["status"] = ["replicas": 1, "readyReplicas": 1, "updatedReplicas": 1]
                case .job:
                    json["status"] = ["conditions": [["type": "Failed", "status": "True", "message": "has reached its limit"]]]
                    var metadata = try #require(json["metadata"])
                    metadata["creationTimestamp"] = "2026-12-01T00:00:00Z"
                    json["metadata"] = metadata
                    observation.pods = [pod(ofJob: manifest.name, words, reason)]
                default: break
                }
                observation.note(json, of: manifest.resource)
            }
        }
        observation.isComplete = true
        return Decision.about(
            store, stages: try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())), observation: observation,
            now: store.attemptedAt + 60, deadline: .distantFuture, installID: "default")
    }

    private func pod(ofJob job: String, _ words: String, _ reason: String) -> Pod {
        Pod(json: [
            "metadata": [
                "name": "setup-x", "namespace": "store-abcdefghijkm",
                "labels": ["store-platform/stage": "setup", "batch.kubernetes.io/job-name": .string(job)],
            ],
            "status": [
                "phase": "Failed",
                "containerStatuses": [
                    [
                        "name": "setup", "image": "i",
                        "state": ["terminated": ["exitCode": 1, "reason": .string(reason), "message": .string(words)]],
                    ]
                ],
            ],
        ])
    }

    @Test func `the step that failed is named, with what it said`() throws {
        let words = """
            {"step":"install","state":"done","message":"WordPress was installed."}
            {"step":"pages","state":"failed","message":"The page “Checkout” could not be made: the table is full."}

            """
        let decision = try decision(onLastWords: words)
        #expect(decision.event == .gaveUp)
        #expect(decision.cause?.reason == "setup_failed")
        let message = try #require(decision.cause?.message)
        #expect(message.contains("“pages”") && message.contains("the table is full") && message.contains("retry"))
        #expect(!message.contains("{"))
    }

    @Test(arguments: [
        ("Access denied for user 'wordpress'@'10.0.0.7' (using password: YES)", "database_password", "from a backup"),
        ("password authentication failed for user \"medusa\"", "database_password", "from a backup"),
        ("mkdir(): Permission denied in /usr/src/wordpress/wp-content/uploads", "volume_not_writable", "another class"),
        ("nothing that anybody knows", "setup_failed", "nothing that anybody knows"),
        ("", "setup_failed", "code 1"),
    ])
    func `what the last words mean is said`(words: String, reason: String, advice: String) throws {
        let cause = try #require(try decision(onLastWords: words).cause)
        #expect(cause.reason == reason)
        #expect(cause.message.contains(advice))
    }

    @Test func `a set-up that was ended for its memory says so, though its code is 1`() throws {
        let cause = try #require(try decision(onLastWords: "", reason: "OOMKilled").cause)
        #expect(cause.reason == "out_of_memory" && cause.message.contains("larger plan"))
    }

    @Test func `a probe's status is told, and where to look`() throws {
        let store = try store()
        let stage = try #require(EngineRegistry.stages(of: store, on: PlatformConfiguration())?.first { $0.name == .shop })
        var observation = Observation()
        observation.pods = [
            Pod(json: [
                "metadata": ["name": "wordpress-1", "namespace": "store-abcdefghijkm", "labels": ["store-platform/stage": "shop"]],
                "status": ["phase": "Running", "containerStatuses": [["name": "shop", "image": "i", "state": ["running": [:]]]]],
            ])
        ]
        for (warning, reason) in [
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", "probe_failing"),
            ("Readiness probe failed: connection refused", "not_ready"),
        ] {
            observation.warnings = ["wordpress-1": warning]
            let cause = try #require(Diagnosis.of(stage, Cause("pods_starting", "…"), in: observation).wait)
            #expect(cause.reason == reason)
            #expect(cause.message.contains("kubectl logs -n store-abcdefghijkm wordpress-1"))
            if reason == "probe_failing" { #expect(cause.message.contains("503")) }
        }
    }

    @Test func `steps are read from a log, and nothing else`() {
        let log = """
            Warning: something
            {"step":"install","state":"done","message":"Installed.","seconds":1.2}
            {"step":"Bad Name","state":"done","message":"x"}
            {"step":"pages","state":"perhaps","message":"x"}
            {"step":"pages","state":"skipped","message":"\\u001b[31mThere\\u0007already."}
            {"step":"cut
            """
        #expect(
            SetupStep.steps(in: log) == [
                SetupStep("install", .done, "Installed."), SetupStep("pages", .skipped, "There already."),
            ])
        #expect(
            SetupStep.steps(in: String(repeating: #"{"step":"a","state":"done","message":"m"}"# + "\n", count: 500)).count == 100)
    }
}
