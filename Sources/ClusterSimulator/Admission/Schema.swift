import JSON

/// The fields that the API declares for the kinds a shop is made of, as far as names go. Kinds and fields that are not described here
/// are open: whatever they hold is taken.
enum Schema {
    /// Each type's fields: `name` is open, `name:Type` an object, `name[]Type` a list of them.
    private static let types: [String: [String: (type: String, isList: Bool)]] = definitions.mapValues { text in
        var fields: [String: (String, Bool)] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let range = word.firstRange(of: "[]") {
                fields[String(word[..<range.lowerBound])] = (String(word[range.upperBound...]), true)
            } else {
                let sides = word.split(separator: ":")
                fields[String(sides[0])] = (sides.count > 1 ? String(sides[1]) : "", false)
            }
        }
        return fields
    }

    private static let definitions: [String: String] = [
        "ObjectMeta": """
        annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation labels managedFields
        name namespace ownerReferences[]OwnerReference resourceVersion selfLink uid
        """,
        "OwnerReference": "apiVersion blockOwnerDeletion controller kind name uid",
        "LabelSelector": "matchExpressions matchLabels",
        "Namespace": "apiVersion kind metadata:ObjectMeta spec:NamespaceSpec status",
        "NamespaceSpec": "finalizers",
        "ConfigMap": "apiVersion kind metadata:ObjectMeta data binaryData immutable",
        "Secret": "apiVersion kind metadata:ObjectMeta data stringData type immutable",
        "ServiceAccount": "apiVersion kind metadata:ObjectMeta automountServiceAccountToken imagePullSecrets secrets",
        "Service": "apiVersion kind metadata:ObjectMeta spec:ServiceSpec status",
        "ServiceSpec": """
        allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort
        internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports[]ServicePort
        publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type
        """,
        "ServicePort": "appProtocol name nodePort port protocol targetPort",
        "PersistentVolumeClaim": "apiVersion kind metadata:ObjectMeta spec:PersistentVolumeClaimSpec status",
        "PersistentVolumeClaimSpec":
            "accessModes dataSource dataSourceRef resources:VolumeResources selector:LabelSelector storageClassName volumeAttributesClassName volumeMode volumeName",
        "VolumeResources": "limits requests",
        "ResourceQuota": "apiVersion kind metadata:ObjectMeta spec:ResourceQuotaSpec status",
        "ResourceQuotaSpec": "hard scopeSelector scopes",
        "LimitRange": "apiVersion kind metadata:ObjectMeta spec:LimitRangeSpec",
        "LimitRangeSpec": "limits[]LimitRangeItem",
        "LimitRangeItem": "default defaultRequest max maxLimitRequestRatio min type",
        "Pod": "apiVersion kind metadata:ObjectMeta spec:PodSpec status",
        "PodTemplateSpec": "metadata:ObjectMeta spec:PodSpec",
        "PodSpec": """
        activeDeadlineSeconds affinity automountServiceAccountToken containers[]Container dnsConfig dnsPolicy enableServiceLinks
        ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets
        initContainers[]Container nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates
        resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates schedulingGroup
        securityContext:PodSecurityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
        terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes[]Volume
        """,
        "PodSecurityContext": """
        appArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy seLinuxOptions seccompProfile
        supplementalGroups supplementalGroupsPolicy sysctls windowsOptions
        """,
        "Container": """
        args command env[]EnvVar envFrom[]EnvFromSource image imagePullPolicy lifecycle livenessProbe:Probe name ports[]ContainerPort
        readinessProbe:Probe resizePolicy resources:Resources restartPolicy restartPolicyRules securityContext:SecurityContext
        startupProbe:Probe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts[]VolumeMount
        workingDir
        """,
        "EnvVar": "name value valueFrom:EnvVarSource",
        "EnvVarSource": "configMapKeyRef fieldRef fileKeyRef resourceFieldRef secretKeyRef",
        "EnvFromSource": "configMapRef prefix secretRef",
        "ContainerPort": "containerPort hostIP hostPort name protocol",
        "Resources": "claims limits requests",
        "SecurityContext": """
        allowPrivilegeEscalation appArmorProfile capabilities privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot
        runAsUser seLinuxOptions seccompProfile windowsOptions
        """,
        "VolumeMount": "mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr",
        "Probe": """
        exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket terminationGracePeriodSeconds
        timeoutSeconds
        """,
        "Volume": """
        awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume flocker
        gcePersistentDisk gitRepo glusterfs hostPath image iscsi name nfs persistentVolumeClaim photonPersistentDisk portworxVolume
        projected quobyte rbd scaleIO secret storageos vsphereVolume
        """,
        "Deployment": "apiVersion kind metadata:ObjectMeta spec:DeploymentSpec status",
        "DeploymentSpec": """
        minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector:LabelSelector strategy:DeploymentStrategy
        template:PodTemplateSpec
        """,
        "DeploymentStrategy": "rollingUpdate:RollingUpdate type",
        "RollingUpdate": "maxSurge maxUnavailable partition",
        "ReplicaSet": "apiVersion kind metadata:ObjectMeta spec:ReplicaSetSpec status",
        "ReplicaSetSpec": "minReadySeconds replicas selector:LabelSelector template:PodTemplateSpec",
        "StatefulSet": "apiVersion kind metadata:ObjectMeta spec:StatefulSetSpec status",
        "StatefulSetSpec": """
        minReadySeconds ordinals persistentVolumeClaimRetentionPolicy:RetentionPolicy podManagementPolicy replicas revisionHistoryLimit
        selector:LabelSelector serviceName template:PodTemplateSpec updateStrategy:DeploymentStrategy
        volumeClaimTemplates[]PersistentVolumeClaim
        """,
        "RetentionPolicy": "whenDeleted whenScaled",
        "Job": "apiVersion kind metadata:ObjectMeta spec:JobSpec status",
        "JobSpec": """
        activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes
        parallelism podFailurePolicy podReplacementPolicy selector:LabelSelector successPolicy suspend template:PodTemplateSpec
        ttlSecondsAfterFinished
        """,
        "CronJob": "apiVersion kind metadata:ObjectMeta spec:CronJobSpec status",
        "CronJobSpec": """
        concurrencyPolicy failedJobsHistoryLimit jobTemplate:JobTemplateSpec schedule startingDeadlineSeconds successfulJobsHistoryLimit
        suspend timeZone
        """,
        "JobTemplateSpec": "metadata:ObjectMeta spec:JobSpec",
        "Ingress": "apiVersion kind metadata:ObjectMeta spec:IngressSpec status",
        "IngressSpec": "defaultBackend ingressClassName rules[]IngressRule tls[]IngressTLS",
        "IngressRule": "host http",
        "IngressTLS": "hosts secretName",
        "NetworkPolicy": "apiVersion kind metadata:ObjectMeta spec:NetworkPolicySpec",
        "NetworkPolicySpec": "egress[]EgressRule ingress[]IngressPolicyRule podSelector:LabelSelector policyTypes",
        "EgressRule": "ports[]PolicyPort to[]PolicyPeer", "IngressPolicyRule": "from[]PolicyPeer ports[]PolicyPort",
        "PolicyPort": "endPort port protocol", "PolicyPeer": "ipBlock namespaceSelector:LabelSelector podSelector:LabelSelector",
    ]

    /// A field that is not declared: as a strict decoder names it, and as server-side apply does.
    struct UnknownField: Equatable {
        let decoded: String
        let typed: String
    }

    static func unknownFields(of document: JSONValue, _ kind: Kind) -> [UnknownField] {
        unknown(in: document, kind.name, decoded: "", typed: "")
    }

    private static func unknown(in value: JSONValue, _ type: String, decoded: String, typed: String) -> [UnknownField] {
        guard let fields = types[type], let object = value.object else { return [] }
        return object.members.flatMap { member -> [UnknownField] in
            let path = decoded.isEmpty ? member.key : "\(decoded).\(member.key)"
            guard let field = fields[member.key] else { return [UnknownField(decoded: path, typed: "\(typed).\(member.key)")] }
            guard !field.type.isEmpty else { return [] }
            guard field.isList else { return unknown(in: member.value, field.type, decoded: path, typed: "\(typed).\(member.key)") }
            return (member.value.array ?? []).enumerated().flatMap { index, item -> [UnknownField] in
                let key = item["name"]?.string.map { "name=\"\($0)\"" } ?? String(index)
                return unknown(
                    in: item, field.type, decoded: "\(path)[\(index)]", typed: "\(typed).\(member.key)[\(key)]")
            }
        }
    }
}
