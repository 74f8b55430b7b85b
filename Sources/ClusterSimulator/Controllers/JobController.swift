import JSON

extension ClusterState {
    /// One pod at a time until one has succeeded or too many have failed.
    mutating func reconcileJob(_ key: ObjectKey) -> [Controllers.DelayedStep] {
        let kind = Kind.of(.job)
        guard let job = self[key], !job.isBeingDeleted else { return [] }
        let isFinished =
            job[path: "status", "conditions"]?.array?.contains { ["Complete", "Failed"].contains($0["type"]?.string ?? "") }
            ?? false
        guard !isFinished else { return [] }
        let pods = pods(of: job)
        let succeeded = pods.count { $0[path: "status", "phase"]?.string == "Succeeded" }
        let failed = pods.count { $0[path: "status", "phase"]?.string == "Failed" }
        let active = pods.count - succeeded - failed
        var status: JSONValue = ["startTime": job[path: "status", "startTime"] ?? .string(Clock.now)]
        var conditions: [JSONValue] = []
        var failure: APIFailure?
        if succeeded > 0 {
            let message = "Reached expected number of succeeded pods"
            conditions = ["SuccessCriteriaMet", "Complete"].map {
                ClusterState.condition($0, true, "CompletionsReached", message, old: job)
            }
            status["completionTime"] = .string(Clock.now)
            emit("Completed", "Job completed", about: job, kind: kind, from: "job-controller")
        } else if failed > job[path: "spec", "backoffLimit"]?.integer ?? 6 {
            let message = "Job has reached the specified backoff limit"
            conditions = ["FailureTarget", "Failed"].map {
                ClusterState.condition($0, true, "BackoffLimitExceeded", message, old: job)
            }
            emit("BackoffLimitExceeded", message, about: job, kind: kind, isWarning: true, from: "job-controller")
        } else if active == 0 {
            var pod = ClusterState.child(Kind.of(.pod), of: job, kind, from: job[path: "spec", "template"])
            pod.set(["metadata", "generateName"], .string(job.name + "-"))
            failure = createPod(pod, for: job, kind, "job-controller")
        }
        if !conditions.isEmpty { status["conditions"] = .array(conditions) }
        if succeeded > 0 { status["succeeded"] = .integer(succeeded) }
        if failed > 0 { status["failed"] = .integer(failed) }
        let isRunning = conditions.isEmpty && failure == nil
        if isRunning { status["active"] = 1 }
        status["terminating"] = 0
        status["uncountedTerminatedPods"] = [:]
        status["ready"] = .integer(self.pods(of: job).count(where: ClusterState.isReady))
        setStatus(status, of: self[key] ?? job, kind)
        return failure == nil ? [] : [Controllers.DelayedStep(key: key, action: .lookAgain, delays: 3)]
    }
}
