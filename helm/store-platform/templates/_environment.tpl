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
{{- with .Values.platform.lease }}
STORE_PLATFORM_LEASE: {{ int64 . | quote }}
{{- end }}
{{- with .Values.platform.clusterCallsPerSecond }}
STORE_PLATFORM_CLUSTER_CALLS_PER_SECOND: {{ int64 . | quote }}
{{- end }}
{{- /* Zero is a setting of these, and no `with` lets it through. */}}
{{- if not (kindIs "invalid" .Values.platform.drainPause) }}
STORE_PLATFORM_DRAIN_PAUSE: {{ int64 .Values.platform.drainPause | quote }}
{{- end }}
{{- if not (kindIs "invalid" .Values.platform.maxStores) }}
STORE_PLATFORM_MAX_STORES: {{ int64 .Values.platform.maxStores | quote }}
{{- end }}
{{- if not .Values.platform.checkRoom }}
STORE_PLATFORM_CHECK_ROOM: "off"
{{- end }}
{{- range $name, $limit := .Values.access.limits }}
{{- if $limit }}
STORE_PLATFORM_LIMIT_{{ $name | snakecase | upper }}: {{ $limit | quote }}
{{- end }}
{{- end }}
{{- with .Values.access.sessionLifetime }}
STORE_PLATFORM_SESSION_LIFETIME: {{ int64 . | quote }}
{{- end }}
{{- if .Values.access.proxy.trustedAddresses }}
STORE_PLATFORM_TRUSTED_PROXIES: {{ join "," .Values.access.proxy.trustedAddresses | quote }}
{{- else if .Values.ingress.enabled }}
{{- /* Everybody comes from the controller's address: what is meant for one person would stop all. */}}
STORE_PLATFORM_LIMIT_CONNECTIONS: "0"
{{- if not .Values.access.limits.address }}
STORE_PLATFORM_LIMIT_ADDRESS: "0"
{{- end }}
{{- if not .Values.access.limits.signInFailures }}
STORE_PLATFORM_LIMIT_SIGN_IN_FAILURES: "0"
{{- end }}
{{- end }}
{{- with .Values.access.proxy.roles }}
STORE_PLATFORM_PROXY_ROLES: {{ include "store-platform.proxyRoles" . | quote }}
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

{{/* group=role or group=role:account, in their order: the first that somebody has counts. */}}
{{- define "store-platform.proxyRoles" -}}
{{- range $index, $grant := . -}}
{{- if $index }},{{ end -}}
{{- printf "%s=%s" $grant.group $grant.role -}}
{{- with $grant.account }}:{{ . }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The same for one release in one namespace for ever, and another for every other pair. */}}
{{- define "store-platform.installId" -}}
{{- $pair := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- .Values.platform.installId | default (printf "%s-%s" (include "store-platform.fullname" .) ($pair | sha256sum | trunc 8)) -}}
{{- end -}}
