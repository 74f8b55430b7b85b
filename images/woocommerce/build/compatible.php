<?php

/**
 * usage: php compatible.php DOCUMENT_ROOT, with the names of versions.env in the environment
 *
 * Refuses parts that are not what was pinned, or of which one needs a newer WordPress or PHP than another is.
 */

declare(strict_types=1);

/** @return array<string, string> the header of a plugin or a theme, by label */
function header_of(string $file): array
{
    // WordPress itself reads no further.
    $head = (string) @file_get_contents($file, false, null, 0, 8192);
    preg_match_all('/^[ \t\/*#@]*(Version|Requires at least|Requires PHP):[ \t]*([0-9][0-9A-Za-z.\-]*)/mi', $head, $found);
    return array_combine($found[1], $found[2]);
}

/** @return list<string> a sentence for each problem */
function problems(string $root, array $pinned, string $php): array
{
    preg_match('/^\$wp_version = \'([^\']+)\';/m', (string) @file_get_contents("{$root}/wp-includes/version.php"), $found);
    $wordPress = $found[1] ?? 'none';
    $problems = [];
    // WordPress calls its 7.1.0 "7.1".
    if (!in_array($pinned['WORDPRESS_VERSION'], [$wordPress, "{$wordPress}.0"], true)) {
        $problems[] = "the base has WordPress {$wordPress}, and {$pinned['WORDPRESS_VERSION']} was pinned";
    }
    if (!str_starts_with("{$php}.", "{$pinned['PHP_VERSION']}.")) {
        $problems[] = "the base has PHP {$php}, and {$pinned['PHP_VERSION']} was pinned";
    }
    $parts = [
        'WooCommerce' => [$pinned['WOOCOMMERCE_VERSION'], 'plugins/woocommerce/woocommerce.php'],
        $pinned['THEME'] => [$pinned['THEME_VERSION'], "themes/{$pinned['THEME']}/style.css"],
    ];
    foreach ($parts as $name => [$version, $file]) {
        $header = header_of("{$root}/wp-content/{$file}") + ['Version' => 'none', 'Requires at least' => '0', 'Requires PHP' => '0'];
        if ($header['Version'] !== $version) {
            $problems[] = "{$name} is version {$header['Version']}, and {$version} was pinned";
        }
        foreach (['Requires at least' => ['WordPress', $wordPress], 'Requires PHP' => ['PHP', $php]] as $label => [$of, $have]) {
            if (version_compare($have, $header[$label], '<')) {
                $problems[] = "{$name} {$version} needs {$of} {$header[$label]}, and this is {$have}";
            }
        }
    }
    return $problems;
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $problems = problems($argv[1] ?? '', getenv(), PHP_VERSION);
    foreach ($problems as $problem) {
        fwrite(STDERR, $problem . "\n");
    }
    exit($problems === [] ? 0 : 1);
}
