{{- define "store-platform.auditName" -}}
{{- printf "%s-audit" (include "store-platform.fullname" .) -}}
{{- end -}}

{{/* Whether there is anything that wants the volume. Empty: no. */}}
{{- define "store-platform.keepsAudit" -}}
{{- if or .Values.audit.retention .Values.audit.verification.enabled }}yes{{ end -}}
{{- end -}}

{{/* A CronJob over the audit log. Takes root, name, schedule, role (as whom it connects), what (command or args),
and, if wanted, env, mounts, volumes. */}}
{{- define "store-platform.auditJob" -}}
{{- $audit := dict "root" .root "component" "audit" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ include "store-platform.fullname" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "store-platform.labels" $audit | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  # One that could not start for an hour, as in an outage, waits for its next time.
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        {{- include "store-platform.labels" $audit | nindent 8 }}
    spec:
      backoffLimit: 2
      # Or one that hangs would keep every later one from running.
      activeDeadlineSeconds: 14400
      template:
        metadata:
          labels:
            {{- include "store-platform.labels" $audit | nindent 12 }}
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          enableServiceLinks: false
          securityContext:
            {{- include "store-platform.podSecurityContext" 10001 | nindent 12 }}
          {{- with include "store-platform.placement" .root }}
          {{- . | nindent 10 }}
          {{- end }}
          containers:
            - name: {{ .name }}
              {{- include "store-platform.program" (dict "root" .root "settings" .root.Values.audit) | nindent 14 }}
              {{- toYaml .what | nindent 14 }}
              env:
                {{- include "store-platform.databaseUrl" (dict "root" .root "role" .role) | nindent 16 }}
                {{- with .env }}
                {{- toYaml . | nindent 16 }}
                {{- end }}
              volumeMounts:
                {{- include "store-platform.databaseMounts" .root | nindent 16 }}
                - name: audit
                  mountPath: /var/lib/store-platform/audit
                {{- with .mounts }}
                {{- toYaml . | nindent 16 }}
                {{- end }}
          volumes:
            {{- include "store-platform.databaseVolumes" .root | nindent 12 }}
            - name: audit
              persistentVolumeClaim:
                claimName: {{ include "store-platform.auditName" .root }}
            {{- with .volumes }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
{{- end -}}
