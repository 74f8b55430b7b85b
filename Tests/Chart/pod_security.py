"""Pod Security "restricted" (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and what is asked beyond it."""

# Volume types that "restricted" allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(pod):
    """What a pod's spec does that it must not, one sentence each."""
    found = [f"{field} is set" for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field)]
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        found.append("the pod may run as root")
    if not security.get("runAsUser"):
        found.append("the pod's user is root or left to the image")
    if security.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        found.append("no seccomp profile")
    if security.get("sysctls"):
        found.append("sysctls are set")
    for volume in pod.get("volumes", []):
        for kind in volume.keys() - {"name"} - VOLUMES:
            found.append(f"volume {volume['name']} is a {kind}")
    for container in pod.get("initContainers", []) + pod["containers"]:
        found += [f"{container['name']}: {sentence}" for sentence in container_violations(container)]
    return found


def container_violations(container):
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False:
        yield "privileges may grow"
    if security.get("privileged"):
        yield "privileged"
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "capabilities are kept"
    if security.get("capabilities", {}).get("add"):
        yield "capabilities are added"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "the root file system is writable"
    if security.get("runAsUser") == 0 or security.get("runAsNonRoot") is False:
        yield "runs as root"
    if security.get("seccompProfile", {}).get("type") == "Unconfined":
        yield "no seccomp profile"
    if security.get("procMount", "Default") != "Default":
        yield "/proc is unmasked"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node"
