{{/*
The service's settings that are no secret, as the data of a ConfigMap. An unset value is left out rather than passed empty, so that
the service's own default applies. In a template of its own so that a pod's checksum covers these lines and no label of the ConfigMap.
*/}}
{{- define "store-platform.environment" -}}
STORE_PLATFORM_LISTEN: "0.0.0.0:8080"
STORE_PLATFORM_BASE_DOMAIN: {{ .Values.platform.baseDomain | quote }}
STORE_PLATFORM_PUBLIC_SCHEME: {{ .Values.platform.publicScheme | quote }}
{{- with .Values.platform.publicPort }}
STORE_PLATFORM_PUBLIC_PORT: {{ int64 . | quote }}
{{- end }}
STORE_PLATFORM_INSTALL_ID: {{ include "store-platform.installId" . | quote }}
{{- with .Values.platform.concurrency }}
STORE_PLATFORM_CONCURRENCY: {{ int64 . | quote }}
{{- end }}
{{- with .Values.platform.provisionTimeout }}
STORE_PLATFORM_PROVISION_TIMEOUT: {{ int64 . | quote }}
{{- end }}
{{- with .Values.platform.unknownNamespaces }}
STORE_PLATFORM_UNKNOWN_NAMESPACES: {{ . | quote }}
{{- end }}
{{- if .Values.platform.trustedProxies }}
STORE_PLATFORM_TRUSTED_PROXIES: {{ join "," .Values.platform.trustedProxies | quote }}
{{- else if .Values.ingress.enabled }}
{{- /* Everybody comes from the controller's address: what is meant for one person would stop all. */}}
STORE_PLATFORM_LIMIT_CONNECTIONS: "0"
{{- end }}
{{- with .Values.stores.tlsIssuer }}
STORE_PLATFORM_TLS_ISSUER: {{ . | quote }}
{{- end }}
{{- if .Values.stores.defaultCertificate }}
STORE_PLATFORM_TLS_DEFAULT_CERTIFICATE: "on"
{{- end }}
{{- with .Values.stores.imagePrefixes }}
STORE_PLATFORM_IMAGE_PREFIXES: {{ join "," . | quote }}
{{- end }}
{{- if .Values.stores.registrySecret }}
STORE_PLATFORM_REGISTRY_CONFIG: /etc/store-platform/registry/.dockerconfigjson
{{- end }}
{{- with .Values.stores.ingressClass }}
STORE_PLATFORM_INGRESS_CLASS: {{ . | quote }}
{{- end }}
{{- with .Values.stores.storageClass }}
STORE_PLATFORM_STORAGE_CLASS: {{ . | quote }}
{{- end }}
{{- range $name, $image := .Values.stores.images }}
{{- if $image }}
STORE_PLATFORM_IMAGE_{{ $name | snakecase | upper }}: {{ $image | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The same for one release in one namespace for ever, and another for every other pair. */}}
{{- define "store-platform.installId" -}}
{{- $pair := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- .Values.platform.installId | default (printf "%s-%s" (include "store-platform.fullname" .) ($pair | sha256sum | trunc 8)) -}}
{{- end -}}
