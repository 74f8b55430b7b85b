import Foundation
import JSON

extension ClusterState {
    /// Starts the jobs that are due at a minute, and forgets events that nobody asks for any more.
    mutating func passMinute(_ minute: Date) {
        let kind = Kind.of(.cronJob)
        for cronJob in objects(kind.id, in: nil) where !cronJob.isBeingDeleted && cronJob[path: "spec", "suspend"]?.bool != true {
            guard let schedule = CronSchedule(cronJob[path: "spec", "schedule"]?.string ?? ""), schedule.isDue(at: minute) else {
                continue
            }
            start(cronJob, at: minute)
        }
        let horizon = RFC3339.seconds(minute.addingTimeInterval(-3600))
        for event in objects(.event, in: nil) where event[path: "metadata", "creationTimestamp"]?.string ?? "" < horizon {
            remove(ObjectKey(kind: Kind.of(.event).id, namespace: event.namespace, name: event.name))
        }
    }

    private mutating func start(_ cronJob: JSONValue, at minute: Date) {
        let kind = Kind.of(.cronJob)
        let running = jobs(of: cronJob).filter { !ClusterState.isFinished($0) }
        let policy = cronJob[path: "spec", "concurrencyPolicy"]?.string
        if policy == "Forbid", let job = running.first {
            emit(
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid: \(job.name)", about: cronJob,
                kind: kind, from: "cronjob-controller")
            return
        }
        if policy == "Replace" {
            for job in running {
                _ = delete(
                    ObjectKey(kind: "jobs.batch", namespace: job.namespace, name: job.name), Kind.of(.job), gracePeriodSeconds: nil)
            }
        }
        var job = ClusterState.child(Kind.of(.job), of: cronJob, kind, from: cronJob[path: "spec", "jobTemplate"])
        job.set(["metadata", "name"], .string("\(cronJob.name)-\(Int(minute.timeIntervalSince1970) / 60)"))
        job.set(["metadata", "annotations", "batch.kubernetes.io/cronjob-scheduled-timestamp"], .string(RFC3339.seconds(minute)))
        do {
            let created = try create(job, Kind.of(.job))
            emit("SuccessfulCreate", "Created job \(created.name)", about: cronJob, kind: kind, from: "cronjob-controller")
        } catch {
            guard error.reason != "AlreadyExists" else { return }
            emit(
                "FailedCreate", "Error creating job: \(error.message)", about: cronJob, kind: kind, isWarning: true,
                from: "cronjob-controller")
        }
        var status = cronJob["status"] ?? [:]
        status["lastScheduleTime"] = .string(RFC3339.seconds(minute))
        setStatus(status, of: cronJob, kind)
    }

    /// Says which jobs run, and removes those that ended beyond what is to be kept.
    mutating func reconcileCronJob(_ key: ObjectKey) {
        guard let cronJob = self[key], !cronJob.isBeingDeleted else { return }
        let jobs = jobs(of: cronJob)
        var status = cronJob["status"] ?? [:]
        let active = jobs.filter { !ClusterState.isFinished($0) }.map { job -> JSONValue in
            [
                "kind": "Job", "namespace": .string(job.namespace), "name": .string(job.name), "uid": .string(job.uid),
                "apiVersion": "batch/v1", "resourceVersion": .string(String(job.resourceVersion)),
            ]
        }
        status["active"] = active.isEmpty ? nil : .array(active)
        let ends = jobs.compactMap { $0[path: "status", "completionTime"]?.string }
        if let last = ends.max() { status["lastSuccessfulTime"] = .string(last) }
        setStatus(status, of: cronJob, Kind.of(.cronJob))
        for (condition, field) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
            let ended = jobs.filter { Conditions(of: $0)[condition] != nil }.sorted {
                ($0[path: "status", "startTime"]?.string ?? "", $0.name) > ($1[path: "status", "startTime"]?.string ?? "", $1.name)
            }
            for job in ended.dropFirst(cronJob[path: "spec", field]?.integer ?? 1) {
                _ = delete(
                    ObjectKey(kind: "jobs.batch", namespace: job.namespace, name: job.name), Kind.of(.job), gracePeriodSeconds: nil)
            }
        }
    }

    private func jobs(of cronJob: JSONValue) -> [JSONValue] {
        objects(.job, in: cronJob.namespace).filter { $0.controller?["uid"]?.string == cronJob.uid }
    }

    private static func isFinished(_ job: JSONValue) -> Bool {
        let conditions = Conditions(of: job)
        return conditions["Complete"] != nil || conditions["Failed"] != nil
    }
}
