<?php

/** Runs every test_*.php beside this file: what of the set-up program and the build needs no WordPress. */

declare(strict_types=1);

error_reporting(-1);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    if ((error_reporting() & $level) === 0) {
        return false;
    }
    throw new ErrorException($message, 0, $level, $file, $line);
});
define('IMAGE', dirname(__DIR__, 3) . '/images/woocommerce');
spl_autoload_register(static function (string $class): void {
    require IMAGE . '/setup/src/' . substr($class, strlen('StorePlatform\\Setup\\')) . '.php';
});

$tests = [];
function test(string $sentence, Closure $test): void
{
    $GLOBALS['tests'][$sentence] = $test;
}

function equal(mixed $found, mixed $wanted, string $what = ''): void
{
    if ($found !== $wanted) {
        throw new Exception("{$what} found " . var_export($found, true) . ', wanted ' . var_export($wanted, true));
    }
}

function holds(bool $condition, string $otherwise): void
{
    $condition || throw new Exception($otherwise);
}

/** @return array{int, string, string} exit code, standard output, standard error */
function command(array $words, array $environment = []): array
{
    $process = proc_open($words, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, null, $environment + getenv());
    $output = [stream_get_contents($pipes[1]), stream_get_contents($pipes[2])];
    return [proc_close($process), ...$output];
}

foreach (glob(__DIR__ . '/test_*.php') as $file) {
    require $file;
}
$failed = 0;
foreach ($tests as $sentence => $test) {
    try {
        $test();
        echo "ok   {$sentence}\n";
    } catch (Throwable $error) {
        $failed++;
        echo "FAIL {$sentence}: {$error->getMessage()} ({$error->getFile()}:{$error->getLine()})\n";
    }
}
echo count($tests) - $failed . " passed, {$failed} failed\n";
exit($failed === 0 ? 0 : 1);
