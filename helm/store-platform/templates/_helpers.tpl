{{- define "platform.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "platform.labels" -}}
app.kubernetes.io/name: store-platform
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* platform.selector (list $ "component") */}}
{{- define "platform.selector" -}}
app.kubernetes.io/name: store-platform
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "platform.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}

{{- define "platform.tokenSecret" -}}
{{- .Values.adminToken.existingSecret | default (printf "%s-token" (include "platform.name" .)) -}}
{{- end }}

{{- define "platform.databaseSecret" -}}
{{- if .Values.postgresql.bundled -}}
{{ include "platform.name" . }}-database
{{- else -}}
{{ required "externalDatabase.existingSecret is needed where postgresql.bundled is false" .Values.externalDatabase.existingSecret }}
{{- end -}}
{{- end }}

{{- define "platform.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "platform.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The environment of every container that runs the service. */}}
{{- define "platform.environment" -}}
envFrom:
- configMapRef: {name: {{ include "platform.name" . }}}
env:
- name: DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ include "platform.databaseSecret" . }}, key: url}}
- name: STORE_PLATFORM_ADMIN_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "platform.tokenSecret" . }}, key: token}}
{{- end }}
