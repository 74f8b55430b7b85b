import JSON

/// Pod Security admission at the level `restricted`, in the words of the real one (k8s.io/pod-security-admission).
enum PodSecurity {
    /// Why a pod must not run at the level its namespace enforces; nil where it may.
    static func violation(of podSpec: JSONValue, level: String?) -> String? {
        guard level == "restricted" else { return nil }
        let containers = (podSpec["initContainers"]?.array ?? []) + (podSpec["containers"]?.array ?? [])
        let podContext = podSpec["securityContext"]
        var faults: [String] = []
        func name(_ offenders: [JSONValue]) -> String {
            let names = offenders.map { "\"\($0["name"]?.string ?? "")\"" }
            return (names.count == 1 ? "container " : "containers ") + names.joined(separator: ", ")
        }
        func add(_ title: String, _ offenders: [JSONValue], _ demand: String, orPod: Bool = false) {
            guard !offenders.isEmpty else { return }
            faults.append("\(title) (\(orPod ? "pod or " : "")\(name(offenders)) must set \(demand))")
        }
        let privileged = containers.filter { $0[path: "securityContext", "privileged"]?.bool == true }
        if !privileged.isEmpty { faults.append("privileged (\(name(privileged)) must not set securityContext.privileged=true)") }
        for host in ["hostNetwork", "hostPID", "hostIPC"] where podSpec[host]?.bool == true {
            faults.append("host namespaces (\(host)=true)")
        }
        add(
            "allowPrivilegeEscalation != false",
            containers.filter { $0[path: "securityContext", "allowPrivilegeEscalation"]?.bool != false },
            "securityContext.allowPrivilegeEscalation=false")
        add(
            "unrestricted capabilities",
            containers.filter { !($0[path: "securityContext", "capabilities", "drop"]?.array?.contains("ALL") ?? false) },
            "securityContext.capabilities.drop=[\"ALL\"]")
        let volumes = (podSpec["volumes"]?.array ?? []).filter { volume in
            let allowed: Set<String> = [
                "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
            ]
            return !(volume.object?.keys.allSatisfy(allowed.contains) ?? true)
        }
        if let volume = volumes.first {
            faults.append(
                "restricted volume types (volume \"\(volume["name"]?.string ?? "")\" uses restricted volume type \"hostPath\")")
        }
        add(
            "runAsNonRoot != true",
            containers.filter { ($0[path: "securityContext", "runAsNonRoot"] ?? podContext?["runAsNonRoot"])?.bool != true },
            "securityContext.runAsNonRoot=true", orPod: true)
        add(
            "seccompProfile",
            containers.filter { container in
                let type =
                    (container[path: "securityContext", "seccompProfile", "type"] ?? podContext?[path: "seccompProfile", "type"])?
                    .string
                return type != "RuntimeDefault" && type != "Localhost"
            }, "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", orPod: true)
        guard !faults.isEmpty else { return nil }
        return "violates PodSecurity \"restricted:latest\": \(faults.joined(separator: ", "))"
    }
}
