<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * What a test order needs in the shop, and what it leaves there.
 *
 * Each trace has a name that is known beforehand (a session key, an e-mail address, a slug), so that the traces of a run that was killed are
 * found and removed by the next.
 */
final class TestOrderTraces
{
    public const EMAIL = 'test-order@store-platform.invalid';
    public const SESSION = 't_store_platform_test_order';
    private const SLUG = 'store-platform-test';

    /** Removes all of them. */
    public static function remove(): void
    {
        // Cancelling the order would tell the merchant by mail, and WooCommerce's log.
        add_filter('pre_wp_mail', '__return_true');
        add_filter('woocommerce_logger_log_message', '__return_null');
        foreach (self::orders() as $order) {
            // First cancelled, which gives stock and counted sales back.
            $order->update_status('cancelled');
            $id = $order->get_id();
            // Before the order, which is how a run after this one finds them.
            self::removeNotes($id);
            self::removeActions($id);
            $order->delete(true);
            // The deletion has scheduled one more.
            self::removeActions($id);
        }
        $product = wc_get_product(Posts::find('product', self::SLUG));
        if ($product instanceof \WC_Product) {
            $id = $product->get_id();
            self::removeActions($id);
            $product->delete(true);
            self::removeActions($id);
        }
        self::removePlaceholders();
        self::removeRows();
    }

    /**
     * WooCommerce takes an order's number from a post that it makes for that, and a kill between the two leaves one without an order. Before the shop
     * is ready nobody else orders; later one may belong to an order that is being placed at this moment.
     */
    private static function removePlaceholders(): void
    {
        global $wpdb;
        if (Marks::isReady()) {
            return;
        }
        $orphans = $wpdb->get_col("SELECT p.ID FROM {$wpdb->posts} p LEFT JOIN {$wpdb->prefix}wc_orders o ON o.id = p.ID
            WHERE p.post_type = 'shop_order_placehold' AND o.id IS NULL");
        foreach ($orphans as $orphan) {
            wp_delete_post((int) $orphan, true);
        }
    }

    /**
     * A product of its own, that no page links to and that goes with the order: a kill while WooCommerce counts a sale, or takes the count back,
     * leaves a wrong one. It needs no shipping where a merchant may have changed that.
     */
    public static function product(): int
    {
        $product = new \WC_Product_Simple();
        $product->set_name('Test product of the set-up');
        $product->set_slug(self::SLUG);
        $product->set_status('publish');
        $product->set_catalog_visibility('hidden');
        $product->set_regular_price('1');
        $product->set_virtual(Marks::isReady());
        return $product->save();
    }

    /** @return list<\WC_Order> */
    private static function orders(): array
    {
        $statuses = array_merge(array_keys(wc_get_order_statuses()), ['wc-checkout-draft', 'trash', 'auto-draft']);
        return wc_get_orders(['billing_email' => self::EMAIL, 'limit' => -1, 'status' => $statuses, 'type' => 'shop_order']);
    }

    /** WooCommerce leaves the notes of an order that it deletes. */
    private static function removeNotes(int $order): void
    {
        foreach (wc_get_order_notes(['order_id' => $order]) as $note) {
            wc_delete_order_note($note->id);
        }
    }

    /** Actions that were scheduled for this order or product would find it gone. */
    private static function removeActions(int $id): void
    {
        global $wpdb;
        $table = "{$wpdb->prefix}actionscheduler_actions";
        // As JSON: [14], ["14"], [14,false].
        $query = "SELECT action_id FROM {$table} WHERE args REGEXP %s";
        $actions = $wpdb->get_col($wpdb->prepare($query, "^\\[\"?{$id}\"?[],]"));
        foreach ($actions as $action) {
            \ActionScheduler::store()->delete_action($action);
        }
    }

    private static function removeRows(): void
    {
        global $wpdb;
        $wpdb->delete("{$wpdb->prefix}wc_customer_lookup", ['email' => self::EMAIL]);
        $wpdb->delete("{$wpdb->prefix}woocommerce_sessions", ['session_key' => self::SESSION]);
    }
}
