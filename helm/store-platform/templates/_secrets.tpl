{{/*
A generated value: the one that the cluster holds already, or else a new one. Without `lookup` every upgrade would make a new
password, which neither PostgreSQL nor anybody who was given the token would know of. `lookup` finds nothing in `helm template` and in
tools that render with it (Argo CD); there, name a Secret of your own in existingSecret.
Takes root, secret (its name), key. Letters and digits only: the value stands unescaped in a URL and in SQL.
*/}}
{{- define "store-platform.generated" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- $data := get $secret "data" | default dict -}}
{{- if hasKey $data .key -}}
{{- get $data .key | b64dec -}}
{{- else -}}
{{- randAlphaNum 40 -}}
{{- end -}}
{{- end -}}

{{/* Without TLS: the server has no certificate, and the network policies let only the platform's own pods reach it. Takes root, user, password. */}}
{{- define "store-platform.postgresqlUrl" -}}
{{- printf "postgresql://%s:%s@%s:5432/store_platform?sslmode=disable" .user .password (include "store-platform.postgresqlName" .root) -}}
{{- end -}}
