<?php

declare(strict_types=1);

/** The instructions of the Dockerfile, without comments, continuation lines joined. */
function instructions(): array
{
    $lines = array_filter(file(IMAGE . '/Dockerfile', FILE_IGNORE_NEW_LINES), static fn (string $line): bool => !str_starts_with($line, '#'));
    return array_values(array_filter(explode("\n", str_replace("\\\n", ' ', implode("\n", $lines))), trim(...)));
}

/** @return list<string> what follows the name of the instruction, for each of that name */
function all(string $name): array
{
    $found = array_filter(instructions(), static fn (string $line): bool => str_starts_with($line, "{$name} "));
    return array_values(array_map(static fn (string $line): string => trim(substr($line, strlen($name))), $found));
}

/** @return array<string, string> */
function versions(): array
{
    return parse_ini_file(IMAGE . '/versions.env', false, INI_SCANNER_RAW);
}

test('the base is pinned by digest, in versions.env alone', static function (): void {
    holds(preg_match('/^wordpress:[0-9.]+-php8\.3-apache@sha256:[0-9a-f]{64}$/', versions()['WORDPRESS_IMAGE']) === 1, 'no digest');
    holds(str_contains(versions()['WORDPRESS_IMAGE'], ':' . versions()['WORDPRESS_VERSION'] . '-php' . versions()['PHP_VERSION'] . '-'), 'other versions');
    foreach (all('FROM') as $from) {
        holds(str_starts_with($from, '${WORDPRESS_IMAGE} AS '), $from);
    }
    foreach (all('ARG') as $argument) {
        holds(in_array($argument, ['WORDPRESS_IMAGE', 'VERSION=0.0.0', 'REVISION=unknown', 'CREATED=1970-01-01T00:00:00Z'], true), $argument);
    }
    holds(!str_contains(implode("\n", instructions()), 'latest'), 'latest');
});

test('every URL names its version, and every checksum is empty or whole', static function (): void {
    foreach (['WOOCOMMERCE', 'THEME', 'WP_CLI'] as $name) {
        holds(str_contains(versions()["{$name}_URL"], versions()["{$name}_VERSION"]), $name);
        holds(str_starts_with(versions()["{$name}_URL"], 'https://'), $name);
        holds(preg_match('/^(|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/', versions()["{$name}_CHECKSUM"]) === 1, "{$name}: half a checksum");
    }
    foreach (all('ADD') as $add) {
        throw new Exception("ADD {$add}: downloads go through fetch");
    }
});

test('the image runs as a number that is not root, from its last USER on', static function (): void {
    equal(all('USER'), ['33:33']);
});

test('no health check, no volume, no secret, and a command in exec form', static function (): void {
    equal([all('HEALTHCHECK'), all('VOLUME')], [[], []]);
    holds(preg_match('/PASSWORD|SECRET|TOKEN|_KEY=|_SALT=/', implode("\n", array_merge(all('ENV'), all('ARG')))) === 0, 'a secret');
    foreach (['ENTRYPOINT', 'CMD'] as $name) {
        equal(count(all($name)), 1);
        holds(is_array(json_decode(all($name)[0])), all($name)[0]);
    }
});

test('whoever installs packages clears their lists in the same layer', static function (): void {
    foreach (all('RUN') as $run) {
        holds(!str_contains($run, 'apt-get install') || str_contains($run, 'rm -rf /var/lib/apt/lists/*'), $run);
    }
});

test('each file that the Dockerfile copies is there', static function (): void {
    foreach (all('COPY') as $copy) {
        foreach (str_starts_with($copy, '--from=') ? [] : array_slice(explode(' ', $copy), 0, -1) as $source) {
            holds(file_exists(dirname(IMAGE, 2) . "/{$source}"), "{$source} is missing");
        }
    }
});

test('every name that Apache reads from the environment has a value in the image', static function (): void {
    preg_match_all('/\$\{([A-Z_]+)\}/', (string) file_get_contents(IMAGE . '/apache2.conf'), $found);
    foreach (array_unique($found[1]) as $name) {
        holds(preg_match("/(^|\\s){$name}=/", implode(' ', all('ENV'))) === 1, "{$name} has none");
    }
});
