<?php

declare(strict_types=1);

/** An environment that is right, with some of it changed. */
function environment(array $changes = []): array
{
    $values = [
        'STORE_URL' => 'https://teapots.example', 'STORE_TITLE' => 'Teapots', 'STORE_ADMIN_USER' => 'admin',
        'STORE_ADMIN_EMAIL' => 'admin@teapots.example', 'STORE_ADMIN_PASSWORD_FILE' => '/run/secrets/admin/password',
        'WORDPRESS_DB_HOST' => 'mariadb:3306', 'WORDPRESS_DB_NAME' => 'wordpress', 'WORDPRESS_DB_USER' => 'wordpress',
    ];
    foreach (StorePlatform\Setup\Environment::SECRETS as $secret) {
        $values[$secret] = 'a secret that must not be shown';
    }
    return array_merge($values, $changes);
}
