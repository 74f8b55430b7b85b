<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** What the platform asks for. Reading it changes nothing and needs no WordPress. */
final class Environment
{
    public const COUNTRY = 'US:CA';
    public const CURRENCY = 'USD';
    public const SHIPPING_COST = '5.00';
    public const DOCUMENT_ROOT = '/usr/src/wordpress';

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
        public readonly string $adminPasswordFile,
        public readonly string $country,
        public readonly string $currency,
        public readonly bool $hasSamples,
        public readonly string $shippingCost,
        public readonly DatabaseAddress $database,
        public readonly string $documentRoot,
    ) {
    }

    /**
     * @param array<string, string> $values
     * @throws Failure one sentence that names every problem at once
     */
    public static function read(array $values): self
    {
        $problems = [];
        $get = static fn (string $name, string $default = ''): string
            => trim($values[$name] ?? '') === '' ? $default : trim($values[$name]);
        $check = static function (string $name, string $value, \Closure $isRight, string $wanted) use (&$problems): string {
            if ($value === '') {
                $problems[] = "{$name} is not set";
            } elseif (!$isRight($value)) {
                $problems[] = "{$name} {$wanted}";
            }
            return $value;
        };
        $matches = static fn (string $pattern): \Closure => static fn (string $value): bool => preg_match($pattern, $value) === 1;
        $any = static fn (string $value): bool => true;

        foreach (self::SECRETS as $secret) {
            $check($secret, $get($secret), $any, '');
        }
        $host = $check('WORDPRESS_DB_HOST', $get('WORDPRESS_DB_HOST'), DatabaseAddress::isHost(...), 'is not a host, host:port or host:/socket');
        $environment = new self(
            url: rtrim($check('STORE_URL', $get('STORE_URL'), self::isURL(...), 'is not an http or https address without a path'), '/'),
            title: $check('STORE_TITLE', $get('STORE_TITLE'), static fn (string $t): bool => mb_strlen($t) <= 200, 'is longer than 200 characters'),
            adminUser: $check('STORE_ADMIN_USER', $get('STORE_ADMIN_USER'), $matches('/^[A-Za-z0-9._@-]{1,60}$/'), 'has characters that a login cannot have'),
            adminEmail: $check('STORE_ADMIN_EMAIL', $get('STORE_ADMIN_EMAIL'), $matches('/^[^@\s]{1,64}@[^@\s]{1,190}$/'), 'is not an e-mail address'),
            adminPasswordFile: $check('STORE_ADMIN_PASSWORD_FILE', $get('STORE_ADMIN_PASSWORD_FILE'), $any, ''),
            country: $check('STORE_COUNTRY', $get('STORE_COUNTRY', self::COUNTRY), $matches('/^[A-Z]{2}(:[A-Z0-9-]{1,10})?$/'), 'is not like DE or US:CA'),
            currency: $check('STORE_CURRENCY', $get('STORE_CURRENCY', self::CURRENCY), $matches('/^[A-Z]{3}$/'), 'is not a code of three letters like USD'),
            hasSamples: $check('STORE_CATALOGUE', $get('STORE_CATALOGUE', 'sample'), $matches('/^(sample|empty)$/'), 'is neither sample nor empty') === 'sample',
            shippingCost: $check('STORE_SHIPPING_COST', $get('STORE_SHIPPING_COST', self::SHIPPING_COST), $matches('/^\d{1,6}(\.\d{1,3})?$/'), 'is not an amount like 5.00'),
            database: new DatabaseAddress(
                $host,
                $check('WORDPRESS_DB_NAME', $get('WORDPRESS_DB_NAME'), $any, ''),
                $check('WORDPRESS_DB_USER', $get('WORDPRESS_DB_USER'), $any, ''),
                $values['WORDPRESS_DB_PASSWORD'] ?? '',
            ),
            documentRoot: $get('STORE_DOCUMENT_ROOT', self::DOCUMENT_ROOT),
        );
        if ($problems !== []) {
            throw new Failure('The settings of this store are wrong: ' . implode('; ', $problems) . '.', Failure::ENVIRONMENT);
        }
        return $environment;
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

    private static function isURL(string $value): bool
    {
        return preg_match('{^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?/?$}', $value) === 1;
    }
}
