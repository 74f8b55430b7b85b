import JSON
import Kubernetes
import Stores

extension MedusaParts {
    /// Of the storefront, which every visitor gets: it is made here and written into the database by the set-up, so that no pod needs the
    /// right to write a Secret.
    static let publishableKey = "publishable-key"

    var credentials: Manifest {
        Credentials.manifest(
            of: store,
            generating: [
                "database-password": .text(32), "jwt-secret": .text(48), "cookie-secret": .text(48),
                Credentials.adminPassword: .text(20), MedusaParts.publishableKey: .hexadecimal(after: "pk_", digits: 64),
            ])
    }

    /// What the storefront reads when it starts in a browser; the backend is at its own address.
    var storefrontConfiguration: Manifest {
        let configuration: JSONValue = ["storeName": .string(store.name), "backendUrl": ""]
        return Manifest(
            .configMap, "storefront", of: store, stage: .settings, ["data": ["config.json": .string(configuration.text)]])
    }

    /// `DATABASE_URL` is put together in the container, from the password in its environment: no secret stands in a ConfigMap.
    var configuration: Manifest {
        let url = JSONValue.string(platform.url(of: store.slug))
        var data: JSONValue = [
            "NODE_ENV": "production", "DATABASE_HOST": "postgres", "DATABASE_NAME": "medusa", "DATABASE_USER": "medusa",
            "MEDUSA_BACKEND_URL": url, "STORE_CORS": url, "ADMIN_CORS": url, "AUTH_CORS": url, "MEDUSA_WORKER_MODE": "shared",
            "COOKIE_SECURE": .string(platform.publicScheme == "https" ? "true" : "false"),
            "STORE_NAME": .string(store.name), "STORE_ADMIN_EMAIL": .string(platform.adminEmail(of: store.slug)),
            "STORE_COUNTRY": .string(store.shop.countryCode.lowercased()),
            "STORE_CURRENCY": .string(store.shop.currency.lowercased()),
            "STORE_CATALOGUE": .string(store.shop.catalogue.rawValue),
        ]
        if size.hasCache { data["REDIS_URL"] = "redis://redis:6379" }
        return Manifest(.configMap, MedusaParts.settings, of: store, stage: .settings, ["data": data])
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
