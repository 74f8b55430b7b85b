{{/* A Deployment of the service. Takes root, component (api, worker), role (what STORE_PLATFORM_ROLE says), settings (its values). */}}
{{- define "store-platform.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "store-platform.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "store-platform.labels" . | nindent 4 }}
spec:
  replicas: {{ .settings.replicas }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "store-platform.selectorLabels" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "store-platform.labels" . | nindent 8 }}
      annotations:
        # A ConfigMap that changes does not restart the pods that took their environment from it; a changed template does.
        checksum/environment: {{ include "store-platform.environment" .root | sha256sum }}
        {{- with .settings.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "store-platform.serviceAccount" . }}
      automountServiceAccountToken: true
      # Variables for every Service of the namespace would stand among the settings.
      enableServiceLinks: false
      # On SIGTERM the service answers /readyz with 503, waits for that to be seen (5 s unless told otherwise), and ends within 25 s of
      # that. Hence no preStop.
      terminationGracePeriodSeconds: {{ add 40 (kindIs "invalid" .root.Values.platform.drainPause | ternary 5 .root.Values.platform.drainPause) }}
      securityContext:
        {{- include "store-platform.podSecurityContext" 10001 | nindent 8 }}
      {{- with include "store-platform.placement" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      topologySpreadConstraints:
        - topologyKey: kubernetes.io/hostname
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "store-platform.selectorLabels" . | nindent 14 }}
          # Without this the pods that a rolling update replaces count as well, and the new ones end up together.
          matchLabelKeys: [pod-template-hash]
      initContainers:
        {{- include "store-platform.migration" . | nindent 8 }}
      containers:
        - name: store-platform
          {{- include "store-platform.program" . | nindent 10 }}
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
            {{- include "store-platform.databaseUrl" (dict "root" .root "role" "application") | nindent 12 }}
          ports:
            - name: http
              containerPort: 8080
          # /livez tells of the process alone. A liveness probe that asked the database would restart every replica in an outage
          # that no restart can cure.
          startupProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
          readinessProbe:
            httpGet:
              path: /readyz
              port: http
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 2
          volumeMounts:
            {{- include "store-platform.databaseMounts" .root | nindent 12 }}
            {{- if .root.Values.stores.registrySecret }}
            - name: registry
              mountPath: /etc/store-platform/registry
              readOnly: true
            {{- end }}
      volumes:
        {{- include "store-platform.databaseVolumes" .root | nindent 8 }}
        {{- if and .root.Values.postgresql.enabled (include "store-platform.usesRoles" .root) }}
        - name: postgresql-scripts
          configMap:
            name: {{ include "store-platform.postgresqlName" .root }}
            items: [{key: roles.sql, path: roles.sql}]
        {{- end }}
        {{- with .root.Values.stores.registrySecret }}
        - name: registry
          secret:
            secretName: {{ . }}
            items: [{key: .dockerconfigjson, path: .dockerconfigjson}]
        {{- end }}
{{- end -}}
