<?php

/**
 * Readiness: 200 when the database answers and the set-up has left its mark, 503 with the reason otherwise.
 *
 * Loads no WordPress, which takes 1 ms instead of 55, and looks at nothing that a merchant may change: a shop that its merchant has
 * closed is ready.
 */

declare(strict_types=1);

$answer = static function (int $status, string $text): never {
    http_response_code($status);
    header('Content-Type: text/plain; charset=utf-8');
    header('Cache-Control: no-store');
    exit($text . "\n");
};

mysqli_report(MYSQLI_REPORT_OFF);
[$host, $rest] = explode(':', (string) getenv('WORDPRESS_DB_HOST'), 2) + [1 => ''];
$connection = mysqli_init();
$connection->options(MYSQLI_OPT_CONNECT_TIMEOUT, 2);
$connection->options(MYSQLI_OPT_READ_TIMEOUT, 2);
// The warning would put the same reason into the log, once a second.
$isUp = @$connection->real_connect(
    $host,
    (string) getenv('WORDPRESS_DB_USER'),
    (string) getenv('WORDPRESS_DB_PASSWORD'),
    (string) getenv('WORDPRESS_DB_NAME'),
    (int) $rest,
    str_starts_with($rest, '/') ? $rest : null,
);
if (!$isUp) {
    $answer(503, $connection->connect_errno === 1045 ? 'The database refuses the password.' : 'The database does not answer.');
}
$prefix = preg_replace('/[^A-Za-z0-9_]/', '', getenv('WORDPRESS_TABLE_PREFIX') ?: 'wp_');
// No table before the set-up has begun: that is an error here, and the same answer.
$result = $connection->query("SELECT option_value FROM {$prefix}options WHERE option_name = 'store_platform_ready'");
$isReady = $result instanceof mysqli_result && ($result->fetch_row()[0] ?? '') !== '';
$isReady ? $answer(200, 'The shop is ready.') : $answer(503, 'The set-up of this shop is not finished.');
