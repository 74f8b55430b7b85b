<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * What a newer WooCommerce changes in the database.
 *
 * A request to it only schedules these, for a cron that may come minutes later. They are run here instead, so that the shop is never
 * marked as ready on tables that are half old. Each of them may be run twice.
 */
final class WooCommerceUpdates
{
    private const GROUP = 'woocommerce-db-updates';

    public function run(): string|Skipped
    {
        $version = WC()->version;
        $found = (string) get_option('woocommerce_db_version');
        if (version_compare($found, $version, '>')) {
            return new Skipped("The database is of a newer WooCommerce ({$found}) than {$version}; it was left as it is.");
        }
        if ($found === $version) {
            return new Skipped("The database is up to date with WooCommerce {$version}.");
        }
        require_once WC_ABSPATH . 'includes/wc-update-functions.php';
        $count = 0;
        foreach (\WC_Install::get_db_update_callbacks() as $since => $callbacks) {
            foreach (version_compare($found, $since, '<') ? $callbacks : [] as $callback) {
                $this->repeat($callback);
                $count++;
            }
        }
        \WC_Install::update_db_version();
        // What was scheduled for them is done.
        as_unschedule_all_actions('', [], self::GROUP);
        \WC_Install::remove_update_db_notice();
        return "The database was brought from WooCommerce {$found} to {$version} ({$count} changes).";
    }

    /** One of them works in batches and says so by returning true. */
    private function repeat(string|array $callback): void
    {
        do {
            $isUnfinished = (bool) call_user_func($callback);
        } while ($isUnfinished);
    }
}
