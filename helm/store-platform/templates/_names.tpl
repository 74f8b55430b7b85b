{{/* Name of every object, at most 40 characters: "-postgresql-0" and the like still have to fit into a DNS label. */}}
{{- define "store-platform.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of a ClusterRole or its binding. These are shared by the whole cluster, so the namespace is part of it. */}}
{{- define "store-platform.clusterName" -}}
{{- printf "%s:%s:%s" .root.Release.Namespace (include "store-platform.fullname" .root) .component -}}
{{- end -}}

{{/* Labels that selectors use. A Deployment's selector can never change, so nothing that may change belongs here. */}}
{{- define "store-platform.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "store-platform.labels" -}}
{{ include "store-platform.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: store-platform
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* "repository:tag", or "repository:tag@digest", of which the runtime follows the digest. */}}
{{- define "store-platform.image" -}}
{{ .image.repository }}:{{ .image.tag | default .defaultTag }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{/* In the mode "all" the API's Deployment does the worker's part as well, and so has the worker's rights. */}}
{{- define "store-platform.serviceAccount" -}}
{{- $acts := or (eq .component "worker") (eq .root.Values.mode "all") -}}
{{- printf "%s-%s" (include "store-platform.fullname" .root) (ternary "worker" "api" $acts) -}}
{{- end -}}

{{- define "store-platform.host" -}}
{{- .Values.ingress.host | default (printf "dashboard.%s" .Values.platform.baseDomain) -}}
{{- end -}}

{{- define "store-platform.adminSecret" -}}
{{- .Values.adminToken.existingSecret | default (printf "%s-admin" (include "store-platform.fullname" .)) -}}
{{- end -}}

{{- define "store-platform.postgresqlName" -}}
{{- printf "%s-postgresql" (include "store-platform.fullname" .) -}}
{{- end -}}

{{- define "store-platform.postgresqlSecret" -}}
{{- .Values.postgresql.existingSecret | default (include "store-platform.postgresqlName" .) -}}
{{- end -}}
