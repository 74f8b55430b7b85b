import JSON
import Kubernetes
import Stores

/// The engine's installation as a Job. A Job's template cannot be changed, so another template is another Job.
enum SetupJob {
    /// - Parameter hopelessExitCodes: with which it fails at once, for another try would end in the same way.
    static func manifest(of store: Store, pod: PodTemplate, hopelessExitCodes: [Int]) -> Manifest {
        let template = pod.json
        let isHopeless: JSONValue = [
            "action": "FailJob",
            "onExitCodes": [
                "containerName": .string(pod.container.name), "operator": "In",
                "values": .array(hopelessExitCodes.map { .integer($0) }),
            ],
        ]
        return Manifest(
            .job, "setup-\(Manifest.digest(of: template).prefix(8))", of: store, stage: .setup,
            [
                "spec": [
                    "backoffLimit": 4, "activeDeadlineSeconds": 900,
                    "podReplacementPolicy": "Failed",  // never two set-up pods at once
                    "podFailurePolicy": ["rules": [isHopeless]],
                    "template": template,
                ]
            ])
    }
}
