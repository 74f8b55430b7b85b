<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * The row by which WooCommerce keeps two processes from installing it at once.
 *
 * A process that is killed leaves it behind, and for ten minutes every further installation would do nothing and say nothing.
 */
final class InstallLock
{
    private const NAME = 'wc_installing';
    /** Longer than an installation lasts: 2–4 s, 28 s on a cold disk. */
    private const PATIENCE = 90;

    public static function remove(): void
    {
        delete_transient(self::NAME);
        delete_option(self::NAME);
    }

    /** In a shop that is open another pod may be at it: waits for that one. */
    public static function wait(): void
    {
        global $wpdb;
        $deadline = time() + self::PATIENCE;
        $query = $wpdb->prepare("SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", self::NAME);
        while (Marks::isReady() && time() < $deadline && $wpdb->get_var($query) !== null) {
            usleep(500_000);
        }
        self::remove();
    }
}
