<?php

declare(strict_types=1);

/**
 * A folder with one of the image's scripts, a versions.env, and a curl that writes "bytes" instead of downloading.
 *
 * @return array{int, string, string, string} exit code, standard output, standard error, versions.env afterwards
 */
function downloading(string $script, string $versions, array $arguments): array
{
    $directory = sys_get_temp_dir() . '/test-' . bin2hex(random_bytes(6));
    mkdir($directory);
    copy(IMAGE . "/{$script}", "{$directory}/script");
    file_put_contents("{$directory}/versions.env", $versions);
    $curl = "#!/bin/sh\nwhile [ \"\$1\" != --output ]; do shift; done\nprintf bytes >\"\$2\"\n";
    file_put_contents("{$directory}/curl", $curl);
    chmod("{$directory}/curl", 0755);
    $path = ['PATH' => $directory . ':' . getenv('PATH')];
    [$code, $output, $errors] = command(['bash', "{$directory}/script", ...$arguments], $path);
    $after = (string) file_get_contents("{$directory}/versions.env");
    command(['rm', '-rf', $directory]);
    return [$code, $output, $errors, $after];
}

function pins(string $wooCommerce, string $wpCLI): string
{
    return "WOOCOMMERCE_URL=https://a/w.zip\nWOOCOMMERCE_CHECKSUM={$wooCommerce}\nTHEME_URL=https://a/t.zip\nTHEME_CHECKSUM={$wooCommerce}\n"
        . "WP_CLI_URL=https://a/c.phar\nWP_CLI_CHECKSUM={$wpCLI}\n";
}

function pin_of(string $bytes, string $kind = 'sha256'): string
{
    return "{$kind}:" . hash($kind, $bytes);
}

test('pin writes what is missing or differs, and keeps the kind of a checksum', static function (): void {
    $right = pins(pin_of('bytes'), pin_of('bytes', 'sha512'));
    foreach (['', pin_of('others')] as $before) {
        [$code, , , $after] = downloading('pin', pins($before, pin_of('others', 'sha512')), []);
        equal([$code, $after], [0, $right]);
    }
});

test('pin --check writes nothing, and fails when a checksum is missing or differs', static function (): void {
    $right = pins(pin_of('bytes'), pin_of('bytes', 'sha512'));
    equal(downloading('pin', $right, ['--check'])[0], 0);
    foreach ([pins('', pin_of('bytes', 'sha512')), pins(pin_of('bytes'), pin_of('others', 'sha512'))] as $wrong) {
        [$code, , , $after] = downloading('pin', $wrong, ['--check']);
        equal([$code, $after], [1, $wrong]);
    }
});

test('fetch passes the bytes that were pinned, and no others', static function (): void {
    $file = tempnam(sys_get_temp_dir(), 'test');
    foreach (['sha256', 'sha512'] as $kind) {
        equal(downloading('build/fetch', pins(pin_of('bytes', $kind), ''), ['WOOCOMMERCE', $file])[0], 0, $kind);
        [$code, , $errors] = downloading('build/fetch', pins(pin_of('others', $kind), ''), ['WOOCOMMERCE', $file]);
        holds($code !== 0, "{$kind}: other bytes passed");
    }
    unlink($file);
});

test('an archive is unpacked, and a broken one refused', static function (): void {
    $directory = sys_get_temp_dir() . '/test-' . bin2hex(random_bytes(6));
    mkdir($directory);
    $zip = new ZipArchive();
    $zip->open("{$directory}/a.zip", ZipArchive::CREATE);
    $zip->addFromString('woocommerce/woocommerce.php', '<?php');
    $zip->close();
    equal(command([PHP_BINARY, IMAGE . '/build/unpack.php', "{$directory}/a.zip", "{$directory}/out"])[0], 0);
    equal(file_get_contents("{$directory}/out/woocommerce/woocommerce.php"), '<?php');
    file_put_contents("{$directory}/a.zip", substr((string) file_get_contents("{$directory}/a.zip"), 0, 60));
    equal(command([PHP_BINARY, IMAGE . '/build/unpack.php', "{$directory}/a.zip", "{$directory}/out"])[0], 1);
    command(['rm', '-rf', $directory]);
});
