<?php

/**
 * Makes a WordPress with WooCommerce into a shop that sells, keeps it up to date, and runs its timed events.
 *
 * Every step may be killed at any moment and run again. None of them undoes what a merchant has changed since.
 */

declare(strict_types=1);

namespace StorePlatform\Setup;

spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, strlen(__NAMESPACE__) + 1)) . '.php';
    if (str_starts_with($class, __NAMESPACE__ . '\\') && is_file($file)) {
        require $file;
    }
});

$program = Program::start(array_slice($argv, 1));
if ($program->wordPress !== null) {
    // Here, in the global scope: what WordPress's files assign has to be global.
    require $program->wordPress;
}
exit($program->run());
