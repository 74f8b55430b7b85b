{{/* Where the service's pods may go: names, their database, the Kubernetes API. */}}
{{- define "store-platform.egress" -}}
{{ include "store-platform.databaseEgress" . }}
# The Kubernetes API. It runs outside of the pod network, so that no selector can name it.
- ports:
    {{- range .Values.networkPolicy.apiServer.ports }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- with include "store-platform.toAddresses" .Values.networkPolicy.apiServer.cidrs }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Where a pod may go that uses the database alone. */}}
{{- define "store-platform.databaseEgress" -}}
# DNS.
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
# The database.
{{- if .Values.postgresql.enabled }}
- to:
    - podSelector:
        matchLabels:
          {{- include "store-platform.selectorLabels" (dict "root" . "component" "postgresql") | nindent 10 }}
  ports:
    - port: 5432
      protocol: TCP
{{- else }}
- ports:
    - port: {{ int .Values.externalDatabase.port }}
      protocol: TCP
  {{- with include "store-platform.toAddresses" .Values.externalDatabase.cidrs }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* `to` with these addresses. Nothing for an empty list: without `to` a rule allows every address. */}}
{{- define "store-platform.toAddresses" -}}
{{- with . -}}
to:
  {{- range . }}
  - ipBlock:
      cidr: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
