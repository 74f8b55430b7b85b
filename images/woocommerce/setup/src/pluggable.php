<?php

/** What WordPress lets a site define by itself for its installation: in the global namespace, before upgrade.php is loaded. */

declare(strict_types=1);

/**
 * The one category that posts need. Not the post, page and comment that WordPress greets bloggers with; and unlike WordPress's own it
 * may be run again after it was killed.
 */
function wp_install_defaults(int $user): void
{
    global $wpdb;
    // Each by itself: a kill may have left the first alone.
    $wpdb->query("INSERT IGNORE INTO {$wpdb->terms} (term_id, name, slug) VALUES (1, 'Uncategorized', 'uncategorized')");
    $wpdb->query("INSERT IGNORE INTO {$wpdb->term_taxonomy} (term_id, taxonomy, description) VALUES (1, 'category', '')");
    update_option('default_category', 1);
}

/** The platform gives the merchant the address and the login; there may be no way out for mail yet. */
function wp_new_blog_notification(string $title, string $url, int $user, string $password): void
{
}
