/// Why a call to the API server failed. Holds no token and no manifest.
package struct KubernetesError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The server answered, and refused.
        case status(Status)
        /// No connection, or it broke.
        case unreachable(String)
        /// The deadline passed first; the call may have had its effect.
        case timedOut
        /// The answer is not what an API server says.
        case malformedAnswer(String)
        case cancelled
    }

    package let kind: Kind

    package init(_ kind: Kind) { self.kind = kind }

    package var status: Status? { if case .status(let status) = kind { status } else { nil } }

    package var isNotFound: Bool { status?.code == 404 }
    package var isAlreadyExists: Bool { status?.code == 409 && status?.reason == "AlreadyExists" }
    /// Another's field, a stale resourceVersion or a uid that is not the object's.
    package var isConflict: Bool { status?.code == 409 && status?.reason != "AlreadyExists" }
    package var isInvalid: Bool { status?.code == 422 }
    package var isExpired: Bool { status?.code == 410 }
    package var isUnauthorized: Bool { status?.code == 401 }
    package var isTooManyRequests: Bool { status?.code == 429 }

    /// The namespace is going, so nothing new may be made in it.
    package var isNamespaceTerminating: Bool { status?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false }

    // The three refusals below share code and reason, and have no causes: only the message tells them apart.
    package var isForbiddenByQuota: Bool {
        isForbidden && (message.contains("exceeded quota") || message.contains("failed quota") || message.contains("maximum "))
    }
    package var isForbiddenByPodSecurity: Bool { isForbidden && message.contains("violates PodSecurity") }
    package var isForbiddenByAccess: Bool {
        isForbidden && !isForbiddenByQuota && !isForbiddenByPodSecurity && !isNamespaceTerminating
    }
    private var isForbidden: Bool { status?.code == 403 }

    /// Whether the same call may succeed later without anything else being changed.
    package var isTransient: Bool {
        switch kind {
        case .status(let status): status.code == 429 || (status.code >= 500 && !isUnknownField)
        case .unreachable, .timedOut, .malformedAnswer: true
        case .cancelled: false
        }
    }

    /// Strict validation answers an unknown field with 500 and no reason.
    private var isUnknownField: Bool { status?.code == 500 && message.contains("field not declared in schema") }

    /// What the server, or the connection, said: one line, at most 1 KB, whatever was sent.
    package var message: String {
        let text =
            switch kind {
            case .status(let status): status.message
            case .unreachable(let reason): "the Kubernetes API cannot be reached: \(reason)"
            case .timedOut: "the Kubernetes API did not answer in time"
            case .malformedAnswer(let reason): "the Kubernetes API gave an answer that cannot be read: \(reason)"
            case .cancelled: "the call was cancelled"
            }
        return text.asOneLine(limit: 1024)
    }

    package var description: String {
        guard let status else { return message }
        return "\(status.code)\(status.reason.isEmpty ? "" : " " + status.reason): \(message)"
    }
}

extension String {
    /// Without control characters and ANSI sequences, cut at a number of characters: text from a cluster is anybody's text.
    package func asOneLine(limit: Int) -> String {
        var line = ""
        var isEscape = false
        for scalar in unicodeScalars.prefix(limit * 4) {
            if isEscape {
                isEscape = !("A"..."z").contains(scalar) || scalar == "["
            } else if scalar == "\u{1B}" {
                isEscape = true
            } else if scalar.value < 0x20 || scalar.value == 0x7F {
                if !line.hasSuffix(" ") { line.append(" ") }
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line.count > limit ? String(line.prefix(limit - 1)) + "…" : line
    }
}
