import JSON

/// Pod Security admission at the levels `baseline` and `restricted`, in the words of the real one (k8s.io/pod-security-admission).
struct PodSecurity {
    private let spec: JSONValue
    private let containers: [JSONValue]
    private var faults: [String] = []

    /// Why a pod must not run at the level its namespace enforces; nil where it may.
    static func violation(of podSpec: JSONValue, level: String?) -> String? {
        guard level == "restricted" || level == "baseline" else { return nil }
        var check = PodSecurity(podSpec)
        check.checkBaseline(restricted: level == "restricted")
        if level == "restricted" { check.checkRestricted() }
        guard !check.faults.isEmpty else { return nil }
        return "violates PodSecurity \"\(level ?? ""):latest\": \(check.faults.joined(separator: ", "))"
    }

    private init(_ spec: JSONValue) {
        self.spec = spec
        containers = (spec["initContainers"]?.array ?? []) + (spec["containers"]?.array ?? [])
    }

    // MARK: Levels

    private mutating func checkBaseline(restricted: Bool) {
        let hosts = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0]?.bool == true }
        if !hosts.isEmpty { faults.append("host namespaces (\(hosts.map { "\($0)=true" }.joined(separator: ", ")))") }
        let paths = (spec["volumes"]?.array ?? []).filter { $0["hostPath"] != nil }
        if !paths.isEmpty, !restricted { faults.append("hostPath volumes (\(volumes(paths)))") }
        let ports = containers.filter { ($0["ports"]?.array ?? []).contains { $0["hostPort"]?.integer ?? 0 > 0 } }
        if !ports.isEmpty {
            let numbers = ports.flatMap { $0["ports"]?.array ?? [] }.compactMap { $0["hostPort"]?.integer }.map(String.init)
            faults.append(
                "hostPort (\(names(ports)) \(uses(ports)) hostPort\(numbers.count == 1 ? "" : "s") \(numbers.joined(separator: ", ")))"
            )
        }
        let privileged = containers.filter { context($0, "privileged")?.bool == true }
        if !privileged.isEmpty {
            faults.append("privileged (\(names(privileged)) must not set securityContext.privileged=true)")
        }
        if !restricted {
            let adding = containers.filter { !foreign(capabilities: $0).isEmpty }
            if !adding.isEmpty {
                let list = adding.flatMap(foreign).map { "\"\($0)\"" }.joined(separator: ", ")
                faults.append(
                    "non-default capabilities (\(names(adding)) must not include \(list) in securityContext.capabilities.add)")
            }
            let unconfined = containers.filter { context($0, "seccompProfile")?["type"]?.string == "Unconfined" }
            if !unconfined.isEmpty {
                faults.append(
                    "seccompProfile (\(names(unconfined)) must not set securityContext.seccompProfile.type to \"Unconfined\")")
            }
        }
        let unmasked = containers.filter { (context($0, "procMount")?.string ?? "Default") != "Default" }
        if !unmasked.isEmpty {
            faults.append("procMount (\(names(unmasked)) must not set securityContext.procMount to \"Unmasked\")")
        }
    }

    private mutating func checkRestricted() {
        demand(
            "allowPrivilegeEscalation != false", containers.filter { context($0, "allowPrivilegeEscalation")?.bool != false },
            "securityContext.allowPrivilegeEscalation=false")
        demand(
            "unrestricted capabilities",
            containers.filter { !(context($0, "capabilities")?["drop"]?.array?.contains("ALL") ?? false) },
            "securityContext.capabilities.drop=[\"ALL\"]")
        let allowed: Set<String> = [
            "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
        ]
        let restricted = (spec["volumes"]?.array ?? []).filter { !($0.object?.keys.allSatisfy(allowed.contains) ?? true) }
        if !restricted.isEmpty {
            let types = Set(restricted.flatMap { $0.object?.keys.filter { !allowed.contains($0) } ?? [] }).sorted()
            let list = types.map { "\"\($0)\"" }.joined(separator: ", ")
            faults.append(
                "restricted volume types (\(volumes(restricted)) \(restricted.count == 1 ? "uses" : "use") restricted volume type\(types.count == 1 ? "" : "s") \(list))"
            )
        }
        demand(
            "runAsNonRoot != true",
            containers.filter { (context($0, "runAsNonRoot") ?? spec[path: "securityContext", "runAsNonRoot"])?.bool != true },
            "securityContext.runAsNonRoot=true", orPod: true)
        let root = containers.filter { context($0, "runAsUser")?.integer == 0 }
        if !root.isEmpty || spec[path: "securityContext", "runAsUser"]?.integer == 0 {
            let whose = root.isEmpty ? "pod" : names(root)
            faults.append("runAsUser=0 (\(whose) must not set runAsUser=0)")
        }
        demand(
            "seccompProfile",
            containers.filter { container in
                let profile = context(container, "seccompProfile") ?? spec[path: "securityContext", "seccompProfile"]
                return !["RuntimeDefault", "Localhost"].contains(profile?["type"]?.string ?? "")
            }, "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", orPod: true)
    }

    // MARK: Words

    private mutating func demand(_ title: String, _ offenders: [JSONValue], _ demand: String, orPod: Bool = false) {
        guard !offenders.isEmpty else { return }
        faults.append("\(title) (\(orPod ? "pod or " : "")\(names(offenders)) must set \(demand))")
    }

    private func context(_ container: JSONValue, _ field: String) -> JSONValue? { container[path: "securityContext", field] }

    private func names(_ offenders: [JSONValue]) -> String {
        let names = offenders.map { "\"\($0["name"]?.string ?? "")\"" }
        return (names.count == 1 ? "container " : "containers ") + names.joined(separator: ", ")
    }

    private func uses(_ offenders: [JSONValue]) -> String { offenders.count == 1 ? "uses" : "use" }

    private func volumes(_ offenders: [JSONValue]) -> String {
        let names = offenders.map { "\"\($0["name"]?.string ?? "")\"" }
        return (names.count == 1 ? "volume " : "volumes ") + names.joined(separator: ", ")
    }

    /// Those that a runtime does not give by itself.
    private func foreign(capabilities container: JSONValue) -> [String] {
        let usual: Set<String> = [
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
            "SETPCAP", "SETUID", "SYS_CHROOT",
        ]
        return (context(container, "capabilities")?["add"]?.array ?? []).compactMap(\.string).filter { !usual.contains($0) }
    }
}
