import JSON
import Kubernetes
import Stores

/// The engine's installation as a Job. A Job's template cannot be changed, so another template is another Job.
enum SetupJob {
    static func manifest(of store: Store, pod: PodTemplate) -> Manifest {
        let template = pod.json
        return Manifest(
            .job, "setup-\(Manifest.digest(of: template).prefix(8))", of: store, stage: .setup,
            [
                "spec": [
                    "backoffLimit": 4, "activeDeadlineSeconds": 900,
                    "podReplacementPolicy": "Failed",  // never two set-up pods at once
                    "template": template,
                ]
            ])
    }
}
