{{/* What Pod Security "restricted" asks of a pod and more. Takes the uid that the image is made for. */}}
{{- define "store-platform.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
# Changing the owner of every file on each start takes minutes on a large volume.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "store-platform.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where the pod may run and what it may pull. */}}
{{- define "store-platform.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a container of the service is given to run, whether it serves or migrates. Takes root, role, settings. */}}
{{- define "store-platform.serviceContainer" -}}
{{- $values := .root.Values -}}
image: {{ include "store-platform.image" (dict "image" $values.image "defaultTag" .root.Chart.AppVersion) }}
imagePullPolicy: {{ $values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ include "store-platform.fullname" .root }}
env:
  - name: STORE_PLATFORM_ROLE
    value: {{ .role }}
  - name: STORE_PLATFORM_ADMIN_TOKEN
    valueFrom:
      secretKeyRef:
        name: {{ include "store-platform.adminSecret" .root }}
        key: token
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef:
        {{- if $values.postgresql.enabled }}
        name: {{ include "store-platform.postgresqlSecret" .root }}
        key: url
        {{- else }}
        name: {{ required "externalDatabase.existingSecret is required when postgresql.enabled is false" $values.externalDatabase.existingSecret }}
        key: {{ $values.externalDatabase.key }}
        {{- end }}
resources:
  {{- toYaml .settings.resources | nindent 2 }}
securityContext:
  {{- include "store-platform.containerSecurityContext" . | nindent 2 }}
# The reason of an end by exit code 78 (settings missing or malformed) then shows in `kubectl describe pod`.
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if include "store-platform.databaseAuthority" .root }}
  - name: database-authority
    mountPath: /etc/store-platform/database
    readOnly: true
  {{- end }}
  {{- if $values.stores.registrySecret }}
  - name: registry
    mountPath: /etc/store-platform/registry
    readOnly: true
  {{- end }}
{{- end -}}

{{/* The ConfigMap with an external database's certificate authority, if there is one. */}}
{{- define "store-platform.databaseAuthority" -}}
{{- if not .Values.postgresql.enabled }}{{ .Values.externalDatabase.caConfigMap }}{{ end -}}
{{- end -}}
