<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * Which parts of the set-up are done, in an option of our own.
 *
 * A part that is marked is the merchant's from then on: a title, a currency, a product that was deleted are never set again. A part that
 * a kill has left unmarked is done again, so each of them finds what it has left behind.
 */
final class Marks
{
    private const PARTS = 'store_platform_parts';
    /** What readiness reads (healthz.php): written when all is verified, and never removed, so that a live shop goes on selling. */
    private const READY = 'store_platform_ready';

    /** @param \Closure(): (string|Skipped) $work */
    public static function once(string $part, string $isDone, \Closure $work): string|Skipped
    {
        $parts = get_option(self::PARTS, []);
        if (isset($parts[$part])) {
            return new Skipped($isDone);
        }
        $result = $work();
        // Read again, for the work may have marked parts of its own.
        update_option(self::PARTS, get_option(self::PARTS, []) + [$part => gmdate('c')], false);
        return $result;
    }

    /** Whether this shop has been handed to its merchant. */
    public static function isReady(): bool
    {
        return get_option(self::READY, '') !== '';
    }

    public static function readyVersions(): string
    {
        return (string) get_option(self::READY, '');
    }

    public static function setReady(string $versions): void
    {
        update_option(self::READY, $versions, true);
    }
}
