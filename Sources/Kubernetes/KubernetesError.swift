/// Why a call to the cluster did not give what was asked for. Its description is one readable sentence, fit for logs and for
/// merchants: at most 1 KB, without control characters, without the request's body or credentials.
package struct KubernetesError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The server refused, or this client did in its place (an object without a name: 400).
        case status(Status)
        /// No answer: no connection, or it broke. A change may have been made all the same.
        case unreachable(String)
        /// No answer in time. A change may have been made all the same.
        case timeout
        /// An answer that is not what the API sends: HTML, cut JSON, too many bytes.
        case malformedAnswer(String)
        case cancelled
    }

    package let kind: Kind
    /// What was asked, without its query: `GET /api/v1/namespaces/a`. Nil if it belongs to no one request.
    package let request: String?

    package init(_ kind: Kind, request: String? = nil) {
        self.kind = kind
        self.request = request
    }

    package static func status(_ status: Status) -> KubernetesError { KubernetesError(.status(status)) }
    package static func unreachable(_ reason: String) -> KubernetesError { KubernetesError(.unreachable(reason)) }
    package static var timeout: KubernetesError { KubernetesError(.timeout) }
    package static func malformedAnswer(_ reason: String) -> KubernetesError { KubernetesError(.malformedAnswer(reason)) }
    package static var cancelled: KubernetesError { KubernetesError(.cancelled) }
}

extension KubernetesError {
    /// The server's refusal; nil where there was no answer.
    package var status: Status? { if case .status(let status) = kind { status } else { nil } }

    package var isUnreachable: Bool { if case .unreachable = kind { true } else { false } }
    package var isTimeout: Bool { kind == .timeout }
    package var isMalformedAnswer: Bool { if case .malformedAnswer = kind { true } else { false } }
    package var isCancelled: Bool { kind == .cancelled }

    package var isBadRequest: Bool { status?.code == 400 }
    package var isUnauthorized: Bool { status?.code == 401 }
    package var isForbidden: Bool { status?.code == 403 }
    package var isNotFound: Bool { status?.code == 404 }
    /// 409 of a POST. Also said of a name whose former bearer is still going.
    package var isAlreadyExists: Bool { status?.code == 409 && status?.reason == "AlreadyExists" }
    /// 409 of a stale resourceVersion, a wrong uid, or a field that another manager owns.
    package var isConflict: Bool { status?.code == 409 && status?.reason != "AlreadyExists" }
    /// 410: a resourceVersion or a continue token of which the server no longer keeps the history.
    package var isExpired: Bool { status?.code == 410 || status?.reason == "Expired" }
    /// 422: the object breaks a rule of its kind, or an immutable field was changed.
    package var isInvalid: Bool { status?.code == 422 }
    package var isTooManyRequests: Bool { status?.code == 429 }
    /// 500 and above: the fault is the server's, or that of something between.
    package var isServerFault: Bool { (status?.code ?? 0) >= 500 }

    package var isNamespaceTerminating: Bool {
        isForbidden && status?.details?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false
    }

    // The refusals of admission have neither causes nor a reason of their own: only the sentence tells them apart. Sources:
    // kubernetes/plugin/pkg/admission/resourcequota, .../limitranger, pod-security-admission, apiserver/.../responsewriters/errors.go.

    /// 403: the object would exceed the namespace's quota, or does not say what it needs where the quota counts that.
    package var isForbiddenByQuota: Bool {
        isForbidden && says("exceeded quota: ", "failed quota: ", "insufficient quota to ", "status unknown for quota: ")
    }

    /// 403: a container or claim outside the namespace's LimitRange.
    package var isForbiddenByLimitRange: Bool {
        isForbidden && says(" usage per ", " limit to request ratio per ")
    }

    /// 403: the pod breaks the pod security level of its namespace.
    package var isForbiddenByPodSecurity: Bool { isForbidden && says("violates PodSecurity ") }

    /// 403: the caller has no such right (RBAC).
    package var isForbiddenByAccess: Bool { isForbidden && says(": User \"") && says(" cannot ") }

    private func says(_ phrases: String...) -> Bool {
        guard let message = status?.message else { return false }
        return phrases.contains { message.contains($0) }
    }
}

extension KubernetesError: CustomStringConvertible {
    package var description: String {
        let subject = request.map { "\($0): " } ?? ""
        return Sentence.clean(subject + explanation)
    }

    private var explanation: String {
        switch kind {
        case .status(let status):
            let title = status.reason.isEmpty ? "HTTP \(status.code)" : "\(status.code) \(status.reason)"
            return status.message.isEmpty ? title : "\(title): \(status.message)"
        case .unreachable(let reason): return "the API server cannot be reached: \(reason)"
        case .timeout: return "no answer from the API server in time"
        case .malformedAnswer(let reason): return "the answer is not one of the Kubernetes API: \(reason)"
        case .cancelled: return "cancelled"
        }
    }
}
