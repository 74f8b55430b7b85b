import JSON
import Testing

@testable import Kubernetes

/// What the typed objects make of a real server's.
struct RecordedObjectTests {
    func pods(_ name: String) throws -> Pod {
        Pod(json: try #require(Recording.items("pods", "pods of \(name)").first))
    }

    @Test func `a running pod is ready and on its node`() throws {
        let pod = try pods("good")
        #expect(pod.isReady)
        #expect(pod.phase == "Running")
        #expect(pod.nodeName == "node1")
        #expect(pod.owners.map(\.kind) == ["ReplicaSet"])
        #expect(pod.containerStatuses.map(\.isReady) == [true])
        #expect(pod.containerStatuses[0].state?.isRunning == true)
        #expect(pod.containerStatuses[0].lastState == nil)
    }

    @Test func `a crashing pod tells how it ended, now and before`() throws {
        let status = try #require(pods("crash").containerStatuses.first)
        #expect(status.restartCount == 2)
        #expect(status.state?.terminated?.exitCode == 3)
        #expect(status.lastState?.terminated?.message == "cannot reach the database\n")
        #expect(status.lastState?.terminated?.finishedAt == "2026-11-23T08:52:40Z")
    }

    @Test func `a pod that fits nowhere says so in a condition`() throws {
        let pod = try pods("huge")
        #expect(pod.nodeName == nil)
        #expect(pod.containerStatuses.isEmpty)
        #expect(pod.conditions["PodScheduled"]?.reason == "Unschedulable")
        #expect(pod.conditions["PodScheduled"]?.isTrue == false)
    }

    @Test func `a container waits with its reason`() throws {
        let config = try #require(pods("config").containerStatuses.first?.state?.waiting)
        #expect(config.reason == "CreateContainerConfigError")
        #expect(config.message == #"secret "absent" not found"#)
        let pulls = try Recording.items("workloads", "its pods: ErrImagePull or ImagePullBackOff").map(Pod.init(json:))
        #expect(try #require(pulls.first).containerStatuses.count <= 1)
    }

    @Test func `a deployment is rolled out once its pods are available`() throws {
        let good = Deployment(json: try Recording.body("pods", "deployment good, settled"))
        #expect(good.isRolledOut)
        #expect(
            [good.replicas, good.currentReplicas, good.updatedReplicas, good.readyReplicas, good.availableReplicas] == [
                1, 1, 1, 1, 1,
            ])
        for name in ["deployment crash, settled", "deployment unready, settled"] {
            let deployment = Deployment(json: try Recording.body("pods", name))
            #expect(!deployment.isRolledOut)
            #expect(deployment.observedGeneration == deployment.generation)
        }
        #expect(!Deployment(json: try Recording.body("pods", "deployment that becomes ready")).isRolledOut)
    }

    @Test func `a deployment against pod security carries the refusal`() throws {
        let refused = Deployment(json: try Recording.body("quota", "...and its status: ReplicaFailure"))
        let failure = try #require(refused.conditions["ReplicaFailure"])
        #expect(failure.isTrue)
        #expect(failure.reason == "FailedCreate")
        #expect(try #require(failure.message).contains("violates PodSecurity"))
    }

    @Test func `a stateful set is rolled out once its pods are ready`() throws {
        #expect(StatefulSet(json: try Recording.body("pods", "stateful set, settled")).isRolledOut)
        #expect(!StatefulSet(json: try Recording.body("pods", "stateful set with a claim")).isRolledOut)
    }

    @Test func `a job ends in one of two ways`() throws {
        let jobs = try Recording.items("pods", "jobs, settled").map(Job.init(json:))
        let fine = try #require(jobs.first { $0.metadata.name == "fine" })
        let bad = try #require(jobs.first { $0.metadata.name == "bad" })
        #expect(fine.isComplete && fine.failure == nil && fine.succeeded == 1 && fine.completionTime != nil)
        #expect(!bad.isComplete && bad.failed == 1)
        #expect(bad.failure?.reason == "BackoffLimitExceeded")
    }

    @Test func `a claim shows what it asked for and got`() throws {
        let claim = PersistentVolumeClaim(json: try #require(Recording.items("pods", "claims").first))
        #expect(claim.phase == "Bound")
        #expect(claim.storageClassName == "standard")
        #expect(claim.requestedStorage == "1Gi")
        #expect(claim.capacity == "1Gi")
    }

    @Test func `a quota shows limits and use`() throws {
        let quota = ResourceQuota(json: try Recording.body("quota", "quota status"))
        #expect(quota.hard["limits.memory"] == "512Mi")
        #expect(quota.used["pods"] == "0")
        #expect(Set(quota.hard.keys) == Set(quota.used.keys))
    }

    @Test func `a namespace that cannot go says what is left`() throws {
        let stuck = Namespace(json: try Recording.body("deletion", "stuck: conditions say why"))
        #expect(stuck.isTerminating)
        #expect(stuck.conditions["NamespaceFinalizersRemaining"]?.isTrue == true)
        let fresh = Namespace(json: try Recording.body("namespaces", "create by POST"))
        #expect(!fresh.isTerminating && fresh.phase == "Active")
    }

    @Test func `services and ingresses show their addresses`() throws {
        let service = Service(json: try Recording.body("workloads", "service"))
        #expect(service.type == "ClusterIP")
        #expect(service.ports == [80])
        #expect(service.loadBalancer.isEmpty)
        let ingress = Ingress(json: try Recording.body("workloads", "ingress"))
        #expect(ingress.hosts == ["store-rec12ad6c.127.0.0.1.nip.io"])
        #expect(ingress.ingressClassName == "nginx")
        let served: JSONValue = ["status": ["loadBalancer": ["ingress": [["ip": "10.0.0.1"], ["hostname": "lb.example"]]]]]
        #expect(Ingress(json: served).loadBalancer.map(\.ip) == ["10.0.0.1", nil])
        #expect(Ingress(json: served).loadBalancer.map(\.hostname) == [nil, "lb.example"])
    }

    @Test func `events of old and new style have a time`() throws {
        let events = try Recording.items("pods", "events of the namespace").map(Event.init(json:))
        #expect(events.count == 40)
        #expect(events.allSatisfy { $0.time != nil && !$0.reason.isEmpty && $0.count >= 1 && !$0.involvedName.isEmpty })
        #expect(Set(events.map(\.type)) == ["Normal", "Warning"])
        #expect(events.contains { $0.lastTimestamp == nil && $0.eventTime != nil })
    }

    @Test func `a metadata-only object keeps the kind it is of`() throws {
        let json = try #require(Recording.items("namespaces", "list by label, metadata only").first)
        #expect(PartialObject(json: json).kind == "PartialObjectMetadata")
        let partial = PartialObject(json: json, of: .namespace)
        #expect(partial.kind == "Namespace" && partial.apiVersion == "v1")
        #expect(partial.metadata.labels["store-platform/id"] == "rec12ad6c")
    }

    @Test func `a secret gives its values and prints none`() throws {
        var json = try Recording.body("secrets", "read")
        let secret = Secret(json: json)
        #expect(secret.string("password") == "one")
        #expect(secret.isImmutable)
        json["metadata"] = ["name": "x", "annotations": ["kubectl.kubernetes.io/last-applied-configuration": "planted"]]
        json["data"] = ["password": "cGxhbnRlZA==", "broken": "%"]
        let planted = Secret(json: json)
        #expect(planted.string("password") == "planted")
        #expect(planted.data["broken"] == nil)
        var dumped = ""
        dump(planted, to: &dumped)
        let bytes = "\(Array("planted".utf8))".dropFirst().dropLast()
        for text in ["\(planted)", String(reflecting: planted), "\([planted])", dumped, "\(Optional(planted) as Any)"] {
            #expect(!text.contains("planted") && !text.contains("cGxhbnRlZA") && !text.contains(bytes))
        }
        #expect("\(planted)".contains("password"))
    }

    @Test(
        arguments: [
            .null, [], "text", ["status": 5, "spec": [], "metadata": "x"],
            ["status": ["conditions": [1], "containerStatuses": "a"]],
        ] as [JSONValue])
    func `nothing the server sends breaks a typed object`(json: JSONValue) {
        let objects: [any KubernetesObject] = [
            Namespace(json: json), Pod(json: json), Deployment(json: json), StatefulSet(json: json), ReplicaSet(json: json),
            Job(json: json),
            CronJob(json: json), PersistentVolumeClaim(json: json), StorageClass(json: json), ResourceQuota(json: json),
            Service(json: json), Ingress(json: json), Event(json: json), Secret(json: json),
        ]
        #expect(objects.allSatisfy { $0.metadata.name.isEmpty })
        #expect(Status(json: json, code: 502).code == 502)
    }

    @Test func `the default class is told by its annotation`() {
        let json: JSONValue = [
            "metadata": ["name": "standard", "annotations": ["storageclass.kubernetes.io/is-default-class": "true"]],
            "provisioner": "kubernetes.io/host-path", "volumeBindingMode": "WaitForFirstConsumer",
        ]
        #expect(StorageClass(json: json).isDefault)
        #expect(StorageClass(json: json).volumeBindingMode == "WaitForFirstConsumer")
        #expect(!StorageClass(json: ["metadata": ["name": "other"]]).isDefault)
    }
}
