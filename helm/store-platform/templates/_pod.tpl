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

{{/* What every container of the service's image has. Takes root, settings. */}}
{{- define "store-platform.program" -}}
image: {{ include "store-platform.image" (dict "image" .root.Values.image "defaultTag" .root.Chart.AppVersion) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources:
  {{- toYaml .settings.resources | nindent 2 }}
securityContext:
  {{- include "store-platform.containerSecurityContext" . | nindent 2 }}
# The reason of an end by exit code 78 (settings missing or malformed) then shows in `kubectl describe pod`.
terminationMessagePolicy: FallbackToLogsOnError
{{- end -}}

{{/* The mounts of a container that uses the database, and the volumes they are of. */}}
{{- define "store-platform.databaseMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "store-platform.databaseAuthority" . }}
- name: database-authority
  mountPath: /etc/store-platform/database
  readOnly: true
{{- end }}
{{- end -}}

{{- define "store-platform.databaseVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with include "store-platform.databaseAuthority" . }}
- name: database-authority
  configMap:
    name: {{ . }}
{{- end }}
{{- end -}}
