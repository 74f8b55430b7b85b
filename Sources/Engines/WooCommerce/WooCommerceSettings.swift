import JSON
import Kubernetes
import Stores

extension WooCommerceParts {
    static let salts = [
        "WORDPRESS_AUTH_KEY", "WORDPRESS_SECURE_AUTH_KEY", "WORDPRESS_LOGGED_IN_KEY", "WORDPRESS_NONCE_KEY", "WORDPRESS_AUTH_SALT",
        "WORDPRESS_SECURE_AUTH_SALT", "WORDPRESS_LOGGED_IN_SALT", "WORDPRESS_NONCE_SALT",
    ]

    var credentials: Manifest {
        var keys: [String: SecretValue] = [
            "database-root-password": .text(32), "database-password": .text(32), Credentials.adminPassword: .text(20),
        ]
        for salt in WooCommerceParts.salts { keys[WooCommerceParts.key(of: salt)] = .text(64) }
        return Credentials.manifest(of: store, generating: keys)
    }

    private static func key(of salt: String) -> String { salt.lowercased().replacing("_", with: "-") }

    /// Every container of WordPress needs the same: its configuration is read from the environment at run time.
    var environmentSecrets: [(String, String)] {
        [("WORDPRESS_DB_PASSWORD", "database-password")] + WooCommerceParts.salts.map { ($0, WooCommerceParts.key(of: $0)) }
    }

    var configuration: Manifest {
        let url = platform.url(of: store.slug)
        return Manifest(
            .configMap, WooCommerceParts.settings, of: store, stage: .settings,
            [
                "data": [
                    "WORDPRESS_DB_HOST": "mariadb:3306", "WORDPRESS_DB_NAME": "wordpress", "WORDPRESS_DB_USER": "wordpress",
                    "STORE_URL": .string(url), "STORE_TITLE": .string(store.name),
                    "STORE_ADMIN_USER": .string(WooCommerceParts.adminUser),
                    "STORE_ADMIN_EMAIL": .string(platform.adminEmail(of: store.slug)),
                    "STORE_COUNTRY": .string(store.shop.country), "STORE_CURRENCY": .string(store.shop.currency),
                    "STORE_CATALOGUE": .string(store.shop.catalogue.rawValue),
                    "APACHE_SERVER_NAME": .string(url),  // else /wp-admin redirects to http://host:8080/
                    "APACHE_WORKERS": "4",
                    "WORDPRESS_CONFIG_EXTRA": .string(
                        """
                        define('WP_HOME', '\(url)'); define('WP_SITEURL', '\(url)');
                        define('DISABLE_WP_CRON', true); define('DISALLOW_FILE_EDIT', true); define('DISALLOW_FILE_MODS', true);
                        define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
                        define('FS_METHOD', 'direct'); define('WP_MEMORY_LIMIT', '256M');
                        """),
                ]
            ])
    }

    var databaseScripts: Manifest {
        Manifest(
            .configMap, "mariadb-init", of: store, stage: .settings,
            ["data": ["zz-done.sh": "rm -f /var/lib/mysql/.initialising\n"]])
    }
}
