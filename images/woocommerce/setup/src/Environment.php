<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** What the platform asks for. Reading it changes nothing and needs no WordPress. */
final class Environment
{
    /** Of each name its default (none: it must be set), its form, and what is said of a value without that form. */
    private const FORMS = [
        'STORE_URL' => ['', '{^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?/?$}D', 'is not an http or https address without a path'],
        'STORE_TITLE' => ['', '/^.{1,200}$/su', 'is not a text of up to 200 characters'],
        'STORE_ADMIN_USER' => ['', '/^[A-Za-z0-9._@-]{1,60}$/D', 'has characters that a login cannot have'],
        'STORE_ADMIN_EMAIL' => ['', '/^[^@\s]{1,64}@[^@\s]{1,190}$/D', 'is not an e-mail address'],
        'STORE_ADMIN_PASSWORD_FILE' => ['', '/^/', ''],
        'STORE_COUNTRY' => ['US:CA', '/^[A-Z]{2}(:[A-Z0-9-]{1,10})?$/D', 'is not like DE or US:CA'],
        'STORE_CURRENCY' => ['USD', '/^[A-Z]{3}$/D', 'is not a code of three letters like USD'],
        'STORE_CATALOGUE' => ['sample', '/^(sample|empty)$/D', 'is neither sample nor empty'],
        'STORE_SHIPPING_COST' => ['5.00', '/^\d{1,6}(\.\d{1,3})?$/D', 'is not an amount like 5.00'],
        'STORE_DOCUMENT_ROOT' => ['/usr/src/wordpress', '{^/}', 'is not a path from the root'],
        'WORDPRESS_DB_HOST' => ['', '{^[A-Za-z0-9._-]+(:(\d{1,5}|/[^\s]+))?$}D', 'is not a host, host:port or host:/socket'],
        'WORDPRESS_DB_NAME' => ['', '/^/', ''],
        'WORDPRESS_DB_USER' => ['', '/^/', ''],
    ];

    /** Without these WordPress would start with keys that everybody knows. */
    public const SECRETS = [
        'WORDPRESS_DB_PASSWORD', 'WORDPRESS_AUTH_KEY', 'WORDPRESS_SECURE_AUTH_KEY', 'WORDPRESS_LOGGED_IN_KEY', 'WORDPRESS_NONCE_KEY',
        'WORDPRESS_AUTH_SALT', 'WORDPRESS_SECURE_AUTH_SALT', 'WORDPRESS_LOGGED_IN_SALT', 'WORDPRESS_NONCE_SALT',
    ];

    private function __construct(
        public readonly string $url,
        public readonly string $title,
        public readonly string $adminUser,
        public readonly string $adminEmail,
        private readonly string $adminPasswordFile,
        public readonly string $country,
        public readonly string $currency,
        public readonly bool $hasSamples,
        public readonly string $shippingCost,
        public readonly string $documentRoot,
        public readonly DatabaseAddress $database,
    ) {
    }

    /**
     * @param array<string, string> $values
     * @param bool $needsPassword cron gets no administrator's password
     * @throws Failure one sentence that names every problem at once
     */
    public static function read(array $values, bool $needsPassword = true): self
    {
        $forms = array_fill_keys(self::SECRETS, ['', '/^/', '']) + self::FORMS;
        if (!$needsPassword) {
            $values['STORE_ADMIN_PASSWORD_FILE'] = '/dev/null';
        }
        $problems = $found = [];
        foreach ($forms as $name => [$default, $form, $otherwise]) {
            $value = trim($values[$name] ?? '');
            $found[$name] = $value === '' ? $default : $value;
            if ($found[$name] === '') {
                $problems[] = "{$name} is not set";
            } elseif (preg_match($form, $found[$name]) !== 1) {
                $problems[] = "{$name} {$otherwise}";
            }
        }
        if ($problems !== []) {
            throw new Failure('The settings of this store are wrong: ' . implode('; ', $problems) . '.', Failure::ENVIRONMENT);
        }
        return new self(
            rtrim($found['STORE_URL'], '/'),
            $found['STORE_TITLE'],
            $found['STORE_ADMIN_USER'],
            $found['STORE_ADMIN_EMAIL'],
            $found['STORE_ADMIN_PASSWORD_FILE'],
            $found['STORE_COUNTRY'],
            $found['STORE_CURRENCY'],
            $found['STORE_CATALOGUE'] === 'sample',
            $found['STORE_SHIPPING_COST'],
            $found['STORE_DOCUMENT_ROOT'],
            new DatabaseAddress(
                $found['WORDPRESS_DB_HOST'],
                $found['WORDPRESS_DB_NAME'],
                $found['WORDPRESS_DB_USER'],
                // As it is: spaces at its ends are part of it.
                $values['WORDPRESS_DB_PASSWORD'],
            ),
        );
    }

    /** Read only where it is needed, so that it is held nowhere else. */
    public function adminPassword(): string
    {
        $password = is_readable($this->adminPasswordFile) ? trim((string) file_get_contents($this->adminPasswordFile)) : '';
        if ($password === '') {
            throw new Failure('The file that STORE_ADMIN_PASSWORD_FILE names cannot be read, or is empty.', Failure::ENVIRONMENT);
        }
        return $password;
    }
}
