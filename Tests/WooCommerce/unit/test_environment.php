<?php

declare(strict_types=1);

use StorePlatform\Setup\DatabaseAddress;
use StorePlatform\Setup\Environment;
use StorePlatform\Setup\Failure;

require_once __DIR__ . '/environment.php';

/** The message it is refused with; empty when it is not. */
function refusal(array $changes): string
{
    try {
        Environment::read(environment($changes));
        return '';
    } catch (Failure $failure) {
        equal($failure->exitCode, 78);
        return $failure->getMessage();
    }
}

test('an environment without the optional names has the defaults', static function (): void {
    $read = Environment::read(environment());
    equal([$read->country, $read->currency, $read->shippingCost, $read->hasSamples], ['US:CA', 'USD', '5.00', true]);
    equal($read->documentRoot, '/usr/src/wordpress');
});

test('each name that has no default is missed', static function (): void {
    foreach (array_keys(environment()) as $name) {
        foreach (['', '   '] as $nothing) {
            equal(refusal([$name => $nothing]), "The settings of this store are wrong: {$name} is not set.");
        }
    }
});

test('all problems are named at once, on one line', static function (): void {
    $message = refusal(['STORE_URL' => 'teapots', 'STORE_CURRENCY' => 'usd', 'STORE_TITLE' => '', 'WORDPRESS_NONCE_KEY' => '']);
    foreach (['STORE_URL', 'STORE_CURRENCY', 'STORE_TITLE', 'WORDPRESS_NONCE_KEY'] as $name) {
        holds(str_contains($message, $name), "{$name} is not in: {$message}");
    }
    holds(!str_contains($message, "\n"), 'more than one line');
});

test('no value is repeated in a refusal', static function (): void {
    foreach (environment() as $name => $value) {
        $message = refusal([$name => "hunter2\n\x01 /?"]);
        holds(!str_contains($message, 'hunter2'), "{$name}: {$message}");
    }
});

test('values of the right form pass, others do not', static function (): void {
    $cases = [
        'STORE_URL' => [
            ['http://a', 'https://shop.example', 'http://shop.example:8080', 'https://shop.example/', 'http://127.0.0.1.nip.io'],
            ['shop.example', 'ftp://a', 'https://', 'https://a/b', 'https://a b', 'https://-a', "https://a'b", 'https://a?b', 'HTTPS://A', 'https://a:999999'],
        ],
        'STORE_COUNTRY' => [['DE', 'US:CA', 'GB', 'JP:JP13', 'IN:MH', 'AU:NSW'], ['Germany', 'de', 'US-CA', 'US:', 'USA', 'US:ca', 'D']],
        'STORE_CURRENCY' => [['USD', 'EUR', 'JPY'], ['usd', 'EURO', '$', 'US', '978']],
        'STORE_CATALOGUE' => [['sample', 'empty'], ['Sample', 'none', 'samples']],
        'STORE_SHIPPING_COST' => [['0', '5', '4.90', '12.345'], ['-1', '5,00', 'free', '1e3', '.5', '5.', '12345678', '[qty]*2']],
        'STORE_ADMIN_USER' => [['admin', 'a.b-c_d@e'], ['ad min', 'admin<', 'ädmin', str_repeat('a', 61)]],
        'STORE_ADMIN_EMAIL' => [['a@b', 'admin@127.0.0.1.nip.io'], ['admin', '@b', 'a@', 'a@b@c', 'a @b']],
        'STORE_TITLE' => [['A "b" & <c>', str_repeat('ü', 200)], [str_repeat('ü', 201)]],
        'WORDPRESS_DB_HOST' => [['mariadb', 'mariadb:3306', '10.0.0.1:3306', 'localhost:/run/mysqld/s'], ['maria db', 'a:b', 'a:', 'a;b', ':3306']],
    ];
    foreach ($cases as $name => [$right, $wrong]) {
        foreach ($right as $value) {
            equal(refusal([$name => $value]), '', "{$name}={$value}");
        }
        foreach ($wrong as $value) {
            holds(str_contains(refusal([$name => $value]), $name), "{$name}={$value} passed");
        }
    }
});

test('a slash at the end of the address is no part of it', static function (): void {
    equal(Environment::read(environment(['STORE_URL' => 'https://a.b/']))->url, 'https://a.b');
});

test('the database is found by host, port or socket', static function (): void {
    $parts = static function (string $host): array {
        $address = new DatabaseAddress($host, 'n', 'u', 'p');
        return [$address->server, $address->port, $address->socket];
    };
    equal($parts('mariadb'), ['mariadb', null, null]);
    equal($parts('mariadb:3307'), ['mariadb', 3307, null]);
    equal($parts('localhost:/run/s'), ['localhost', null, '/run/s']);
});

test('the password is read from its file, without the line end', static function (): void {
    $file = tempnam(sys_get_temp_dir(), 'test');
    file_put_contents($file, "p 'w\"\n");
    equal(Environment::read(environment(['STORE_ADMIN_PASSWORD_FILE' => $file]))->adminPassword(), "p 'w\"");
    foreach (["\n", ''] as $nothing) {
        file_put_contents($file, $nothing);
        try {
            Environment::read(environment(['STORE_ADMIN_PASSWORD_FILE' => $file]))->adminPassword();
            throw new Exception('an empty password passed');
        } catch (Failure $failure) {
            equal($failure->exitCode, 78);
        }
    }
    unlink($file);
});
