import Foundation
import JSON

/// Jobs: pods until enough have succeeded, too many have failed, or the time is over.
extension ClusterState {
    mutating func reconcileJob(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.job)
        guard let job = self[key], !job.isBeingDeleted else { return [] }
        let conditions = Conditions(of: job)
        if conditions["Complete"] != nil || conditions["Failed"] != nil { return finished(job, key) }
        if let ending = conditions["SuccessCriteriaMet"] ?? conditions["FailureTarget"] {
            finish(job, ending)
            return []
        }
        // What its pods do is looked at a second later, together.
        let mark = "sync \(job.uid)"
        guard job[path: "status", "startTime"] == nil || overdue.remove(mark) != nil else {
            guard advancing.insert(mark).inserted else { return [] }
            return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: 1)]
        }
        let pods = pods(of: job)
        let succeeded = pods.filter { $0[path: "status", "phase"]?.string == "Succeeded" }
        let failed = pods.filter { $0[path: "status", "phase"]?.string == "Failed" }
        let active = pods.filter(ClusterState.isActive)
        let wanted = job[path: "spec", "completions"]?.integer ?? 1
        let limit = job[path: "spec", "backoffLimit"]?.integer ?? 6
        var failure: APIFailure?
        var steps: [Controllers.DelayedStep] = []
        if succeeded.count >= wanted {
            target(job, "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods", ended: succeeded)
        } else if let match = ClusterState.failingRule(of: job, matchedBy: failed) {
            target(job, "FailureTarget", "PodFailurePolicy", match, ended: failed)
        } else if failed.count > limit {
            target(job, "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit", ended: failed)
        } else if overdue.contains("deadline \(job.uid)") {
            for pod in active {
                _ = delete(
                    ObjectKey(kind: "pods", namespace: key.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
            }
            target(job, "FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline", ended: failed)
        } else if job[path: "spec", "suspend"]?.bool == true {
            for pod in active {
                _ = delete(
                    ObjectKey(kind: "pods", namespace: key.namespace, name: pod.name), Kind.of(.pod), gracePeriodSeconds: nil)
            }
            setStatus(status(of: job, active: 0, succeeded: succeeded.count, failed: failed.count), of: self[key] ?? job, kind)
        } else {
            steps += watchDeadline(of: job, key)
            let missing = min(job[path: "spec", "parallelism"]?.integer ?? 1, wanted - succeeded.count) - active.count
            let backoff = failed.isEmpty ? nil : waitAfterFailure(of: job, failed.count, key)
            steps += backoff ?? []
            if backoff == nil, missing > 0 {
                for _ in 0..<missing where failure == nil {
                    failure = createPod(podTemplate(of: job), for: job, kind, "job-controller")
                }
            }
            let running = self.pods(of: job).count(where: ClusterState.isActive)
            setStatus(
                status(of: job, active: running, succeeded: succeeded.count, failed: failed.count), of: self[key] ?? job, kind)
        }
        return steps + retry(key, after: failure)
    }

    /// What a rule of the job's failure policy that ends it has matched; of the rules those for exit codes that are listed.
    private static func failingRule(of job: JSONValue, matchedBy pods: [JSONValue]) -> String? {
        for (index, rule) in (job[path: "spec", "podFailurePolicy", "rules"]?.array ?? []).enumerated() {
            guard rule["action"]?.string == "FailJob", rule[path: "onExitCodes", "operator"]?.string == "In",
                let codes = rule[path: "onExitCodes", "values"]?.array?.compactMap(\.integer)
            else { continue }
            let name = rule[path: "onExitCodes", "containerName"]?.string
            for pod in pods {
                for container in pod[path: "status", "containerStatuses"]?.array ?? [] {
                    guard let code = container[path: "state", "terminated", "exitCode"]?.integer, codes.contains(code),
                        name == nil || container["name"]?.string == name
                    else { continue }
                    let who = "Container \(container["name"]?.string ?? "") for pod \(pod.namespace)/\(pod.name)"
                    return "\(who) failed with exit code \(code) matching FailJob rule at index \(index)"
                }
            }
        }
        return nil
    }

    private func podTemplate(of job: JSONValue) -> JSONValue {
        var pod = ClusterState.child(Kind.of(.pod), of: job, Kind.of(.job), from: job[path: "spec", "template"])
        pod.set(["metadata", "generateName"], .string(job.name + "-"))
        return pod
    }

    private func status(of job: JSONValue, active: Int, succeeded: Int, failed: Int) -> JSONValue {
        var status: JSONValue = ["startTime": job[path: "status", "startTime"] ?? .string(Clock.now)]
        for (field, count) in [("active", active), ("succeeded", succeeded), ("failed", failed)] where count > 0 {
            status[field] = .integer(count)
        }
        status["terminating"] = .integer(pods(of: job).count { $0.isBeingDeleted })
        status["uncountedTerminatedPods"] = [:]
        status["ready"] = .integer(pods(of: job).count { ClusterState.isReady($0) && ClusterState.isActive($0) })
        return status
    }

    /// It is decided how the job ends; its pods are counted next.
    private mutating func target(_ job: JSONValue, _ type: String, _ reason: String, _ message: String, ended: [JSONValue]) {
        var status = status(of: job, active: 0, succeeded: 0, failed: 0)
        let isSuccess = type == "SuccessCriteriaMet"
        status["conditions"] = [ClusterState.jobCondition(type, reason, message)]
        status["uncountedTerminatedPods"] = [isSuccess ? "succeeded" : "failed": .array(ended.map { .string($0.uid) })]
        setStatus(status, of: job, Kind.of(.job))
    }

    private mutating func finish(_ job: JSONValue, _ ending: JSONValue) {
        let isSuccess = ending["type"]?.string == "SuccessCriteriaMet"
        let pods = pods(of: job)
        let reason = ending["reason"]?.string ?? ""
        let message = ending["message"]?.string ?? ""
        var status = status(
            of: job, active: 0, succeeded: pods.count { $0[path: "status", "phase"]?.string == "Succeeded" },
            failed: pods.count { $0[path: "status", "phase"]?.string == "Failed" })
        status["conditions"] = [ending, ClusterState.jobCondition(isSuccess ? "Complete" : "Failed", reason, message)]
        if isSuccess { status["completionTime"] = .string(Clock.now) }
        setStatus(status, of: job, Kind.of(.job))
        emit(
            isSuccess ? "Completed" : reason, isSuccess ? "Job completed" : message, about: job, kind: Kind.of(.job),
            isWarning: !isSuccess, from: "job-controller")
    }

    private static func jobCondition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
        [
            "type": .string(type), "status": "True", "lastProbeTime": .string(Clock.now), "lastTransitionTime": .string(Clock.now),
            "reason": .string(reason), "message": .string(message),
        ]
    }

    // MARK: Time

    private mutating func watchDeadline(of job: JSONValue, _ key: ObjectKey) -> [Controllers.DelayedStep] {
        guard let seconds = job[path: "spec", "activeDeadlineSeconds"]?.integer else { return [] }
        let mark = "deadline \(job.uid)"
        guard advancing.insert(mark).inserted else { return [] }
        return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: Double(seconds), isDeadline: true)]
    }

    /// 10, 20, 40 … 600 s after each failure; nil once that is over.
    private mutating func waitAfterFailure(of job: JSONValue, _ count: Int, _ key: ObjectKey) -> [Controllers.DelayedStep]? {
        let mark = "backoff \(job.uid) \(count)"
        if overdue.contains(mark) { return nil }
        guard advancing.insert(mark).inserted else { return [] }
        let seconds = min(600, 10 * pow(2, Double(min(count, 8) - 1)))
        return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: seconds, isRetry: true)]
    }

    /// A job that is over goes by itself where it says after how long.
    private mutating func finished(_ job: JSONValue, _ key: ObjectKey) -> [Controllers.DelayedStep] {
        advancing.remove("deadline \(job.uid)")
        overdue = overdue.filter { !$0.contains(job.uid) || $0.hasPrefix("ttl") }
        guard let seconds = job[path: "spec", "ttlSecondsAfterFinished"]?.integer else { return [] }
        let mark = "ttl \(job.uid)"
        if overdue.remove(mark) != nil {
            _ = delete(key, Kind.of(.job), gracePeriodSeconds: nil)
            return []
        }
        guard advancing.insert(mark).inserted else { return [] }
        return [Controllers.DelayedStep(key: key, action: .passDeadline(mark: mark), seconds: Double(seconds), isDeadline: true)]
    }
}
