{{/*
Who connects to the database as whom. The owner migrates and archives; the service is the application, which may add to the audit log and
not alter it; the auditor reads. Where there is no Secret for one of the latter, as in an installation that was made with the owner's
alone, the owner's is used.
*/}}

{{/* The variable DATABASE_URL. Takes root, role: owner, application or auditor. */}}
{{- define "store-platform.databaseUrl" -}}
{{- $external := .root.Values.externalDatabase -}}
{{- $owner := dict "secret" (include "store-platform.postgresqlSecret" .root) "key" "url" -}}
{{- $given := dict "secret" (include "store-platform.roleSecret" .) "key" "url" -}}
{{- if not .root.Values.postgresql.enabled -}}
{{- $owner = dict "secret" (required "externalDatabase.existingSecret is required when postgresql.enabled is false" $external.existingSecret) "key" $external.key -}}
{{- $given = dict "secret" (get $external (printf "%sSecret" .role)) "key" (get $external (printf "%sKey" .role)) -}}
{{- end -}}
{{- $source := ternary $given $owner (and (ne .role "owner") (ne $given.secret "")) -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $source.secret }}
      key: {{ $source.key }}
{{- end -}}

{{/* The bundled database's Secret of a role: the one that is named or the one that is generated. None beside somebody's own for the owner. */}}
{{- define "store-platform.roleSecret" -}}
{{- $postgresql := .root.Values.postgresql -}}
{{- $named := get $postgresql (printf "%sSecret" .role) -}}
{{- if $named -}}
{{- $named -}}
{{- else if not $postgresql.existingSecret -}}
{{- printf "%s-%s" (include "store-platform.fullname" .root) .role -}}
{{- end -}}
{{- end -}}

{{/* Whether the service connects as the application. Empty: it does so as the owner. */}}
{{- define "store-platform.usesRoles" -}}
{{- if .Values.postgresql.enabled -}}
{{- include "store-platform.roleSecret" (dict "root" . "role" "application") -}}
{{- else -}}
{{- .Values.externalDatabase.applicationSecret -}}
{{- end -}}
{{- end -}}

{{/* The ConfigMap with an external database's certificate authority, if there is one. */}}
{{- define "store-platform.databaseAuthority" -}}
{{- if not .Values.postgresql.enabled }}{{ .Values.externalDatabase.caConfigMap }}{{ end -}}
{{- end -}}

{{/*
What goes before the service in its pods. Takes root, settings.
Not pre-install hooks: Helm runs those before the bundled database exists. Here each pod migrates before it serves, which is safe because
one runner is let in at a time and the others find nothing left to do. While the database is still starting these containers fail and
kubelet repeats them. They alone hold the superuser's and the owner's passwords: the container that serves does not.
*/}}
{{- define "store-platform.migration" -}}
{{- $usesRoles := include "store-platform.usesRoles" .root -}}
{{- if and $usesRoles .root.Values.postgresql.enabled -}}
- name: roles
  image: {{ include "store-platform.image" (dict "image" .root.Values.postgresql.image) }}
  imagePullPolicy: {{ .root.Values.postgresql.image.pullPolicy }}
  command: [psql, --no-psqlrc, --quiet, --output=/dev/null, --set=ON_ERROR_STOP=1, --file=/etc/store-platform/roles.sql]
  env:
    - name: PGHOST
      value: {{ include "store-platform.postgresqlName" .root }}
    - name: PGUSER
      value: postgres
    - name: PGDATABASE
      value: store_platform
    - name: PGSSLMODE
      value: disable
    - name: PGCONNECT_TIMEOUT
      value: "5"
    - name: PGPASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ include "store-platform.postgresqlSecret" .root }}
          key: superuser-password
    {{- range $role := list "application" "auditor" }}
    - name: {{ upper $role }}_PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ include "store-platform.roleSecret" (dict "root" $.root "role" $role) }}
          key: password
    {{- end }}
  resources:
    {{- toYaml .settings.resources | nindent 4 }}
  securityContext:
    {{- include "store-platform.containerSecurityContext" . | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: postgresql-scripts
      mountPath: /etc/store-platform/roles.sql
      subPath: roles.sql
      readOnly: true
{{ end -}}
- name: migrate
  args: [migrate{{ if $usesRoles }}, --roles{{ end }}]
  {{- include "store-platform.program" . | nindent 2 }}
  env:
    {{- include "store-platform.databaseUrl" (dict "root" .root "role" "owner") | nindent 4 }}
  volumeMounts:
    {{- include "store-platform.databaseMounts" .root | nindent 4 }}
{{- end -}}
