<?php

declare(strict_types=1);

require_once IMAGE . '/build/compatible.php';

/** The pins that the tests below begin with. */
const PINNED = [
    'WORDPRESS_VERSION' => '7.1.0', 'PHP_VERSION' => '8.3', 'WOOCOMMERCE_VERSION' => '11.0.1', 'THEME' => 'storefront', 'THEME_VERSION' => '4.6.2',
];

/** What the build says of a tree with these headers. */
function verdict(array $pinned = [], string $php = '8.3.33', string $plugin = "Requires at least: 6.9\n * Requires PHP: 7.4"): array
{
    $root = sys_get_temp_dir() . '/test-' . bin2hex(random_bytes(6));
    mkdir("{$root}/wp-includes", 0700, true);
    mkdir("{$root}/wp-content/plugins/woocommerce", 0700, true);
    mkdir("{$root}/wp-content/themes/storefront", 0700, true);
    file_put_contents("{$root}/wp-includes/version.php", "<?php\n\$wp_version = '7.1';\n");
    file_put_contents("{$root}/wp-content/plugins/woocommerce/woocommerce.php", "<?php\n/**\n * Plugin Name: W\n * Version: 11.0.1\n * {$plugin}\n */\n");
    file_put_contents("{$root}/wp-content/themes/storefront/style.css", "/*\nTheme Name:   Storefront\nVersion:      4.6.2\nTested up to: 6.7\nRequires PHP: 5.6.0\n*/\n");
    $problems = problems($root, $pinned + PINNED, $php);
    command(['rm', '-rf', $root]);
    return $problems;
}

test('the build accepts parts that fit', static fn () => equal(verdict(), []));

test('the build refuses a plugin that needs a newer WordPress or PHP', static function (): void {
    equal(verdict(plugin: 'Requires at least: 7.2'), ['WooCommerce 11.0.1 needs WordPress 7.2, and this is 7.1']);
    equal(verdict(plugin: 'Requires PHP: 8.4'), ['WooCommerce 11.0.1 needs PHP 8.4, and this is 8.3.33']);
    equal(verdict(plugin: "Requires at least: 7.1\n * Requires PHP: 8.3"), []);
});

test('the build refuses parts that are not what was pinned', static function (): void {
    equal(verdict(['WORDPRESS_VERSION' => '7.0.4']), ['the base has WordPress 7.1, and 7.0.4 was pinned']);
    equal(verdict(['PHP_VERSION' => '8.4']), ['the base has PHP 8.3.33, and 8.4 was pinned']);
    equal(verdict(['WOOCOMMERCE_VERSION' => '11.0.2']), ['WooCommerce is version 11.0.1, and 11.0.2 was pinned']);
    equal(verdict(['THEME_VERSION' => '4.6.1']), ['storefront is version 4.6.2, and 4.6.1 was pinned']);
    holds(verdict(['THEME' => 'other']) !== [], 'a theme that is not there passed');
});

test('a download without a checksum is refused, with what to do', static function (): void {
    $directory = sys_get_temp_dir() . '/test-' . bin2hex(random_bytes(6));
    mkdir($directory);
    copy(IMAGE . '/build/fetch', "{$directory}/fetch");
    foreach (['', 'sha256:', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e'] as $checksum) {
        file_put_contents("{$directory}/versions.env", "X_URL=https://127.0.0.1:1/x.zip\nX_CHECKSUM={$checksum}\n");
        [$code, , $errors] = command(['sh', "{$directory}/fetch", 'X', "{$directory}/x.zip"]);
        equal($code, 1, $checksum);
        holds(str_contains($errors, 'run images/woocommerce/pin'), "{$checksum}: {$errors}");
    }
    command(['rm', '-rf', $directory]);
});
