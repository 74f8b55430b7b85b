<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Finds what a killed run has begun: the slug is part of the first row that is written, a SKU or a title's meaning comes later. */
final class Posts
{
    /** 0 when there is none. */
    public static function find(string $type, string $slug): int
    {
        global $wpdb;
        $query = "SELECT ID FROM {$wpdb->posts} WHERE post_type = %s AND post_name = %s ORDER BY ID LIMIT 1";
        return (int) $wpdb->get_var($wpdb->prepare($query, $type, $slug));
    }
}
