import JSON
import Kubernetes
import Stores

extension MedusaParts {
    var credentials: Manifest {
        Credentials.manifest(
            of: store, generating: ["database-password": 32, "jwt-secret": 48, "cookie-secret": 48, Credentials.adminPassword: 20])
    }

    /// `DATABASE_URL` is put together in the container, from the password in its environment: no secret stands in a ConfigMap.
    var configuration: Manifest {
        let url = platform.url(of: store.slug)
        return Manifest(
            .configMap, MedusaParts.settings, of: store, stage: .settings,
            [
                "data": [
                    "NODE_ENV": "production", "REDIS_URL": "redis://redis:6379", "DATABASE_HOST": "postgres",
                    "DATABASE_NAME": "medusa",
                    "DATABASE_USER": "medusa", "MEDUSA_BACKEND_URL": .string(url), "STORE_CORS": .string(url),
                    "ADMIN_CORS": .string(url),
                    "AUTH_CORS": .string(url), "STORE_NAME": .string(store.name),
                    "STORE_ADMIN_EMAIL": .string("admin@\(platform.host(of: store.slug))"), "MEDUSA_WORKER_MODE": "shared",
                    "COOKIE_SECURE": .string(platform.publicScheme == "https" ? "true" : "false"),
                ]
            ])
    }

    private var cacheLabels: JSONObject { ["app.kubernetes.io/component": "cache"] }
    private var clientLabels: JSONObject { ["store-platform/database-client": "true"] }
    private var cachePort: JSONValue { [["port": 6379, "protocol": "TCP"]] }

    var cachePolicy: Manifest {
        Manifest(
            .networkPolicy, "cache-from-clients", of: store, stage: .settings,
            [
                "spec": [
                    "podSelector": ["matchLabels": .object(cacheLabels)], "policyTypes": ["Ingress"],
                    "ingress": [["from": [["podSelector": ["matchLabels": .object(clientLabels)]]], "ports": cachePort]],
                ]
            ])
    }

    var cacheEgressPolicy: Manifest {
        Manifest(
            .networkPolicy, "to-cache", of: store, stage: .settings,
            [
                "spec": [
                    "podSelector": ["matchLabels": .object(clientLabels)], "policyTypes": ["Egress"],
                    "egress": [["to": [["podSelector": ["matchLabels": .object(cacheLabels)]]], "ports": cachePort]],
                ]
            ])
    }
}
