<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

use Automattic\WooCommerce\Utilities\OrderUtil;

/** Reads back what the other steps have done. What a merchant may have changed since counts only until the shop is handed over. */
final class Check extends Step
{
    public function run(): void
    {
        $this->report->step('verify-versions', $this->versions(...));
        $this->report->step('addresses-renewed', fn () => Marks::isReady() ? new Skipped('Nothing to renew.') : $this->renew());
        $this->report->step('verify-shop', fn () => Marks::isReady()
            ? new Skipped('The settings of a shop that is open are its merchant\'s.')
            : $this->shop());
        $this->report->step('verify-login', fn () => Marks::isReady()
            ? new Skipped('The login of a shop that is open is its merchant\'s.')
            : $this->login());
    }

    private function versions(): string
    {
        global $wp_version, $wp_db_version;
        self::require((int) get_option('db_version') >= $wp_db_version, "The database is older than WordPress {$wp_version}.");
        self::require(function_exists('WC'), 'WooCommerce is not active.');
        $version = WC()->version;
        self::require(
            version_compare((string) get_option('woocommerce_db_version'), $version, '>='),
            "The database is older than WooCommerce {$version}."
        );
        return "WordPress {$wp_version} and WooCommerce {$version} agree with the database.";
    }

    /** In a process after the one that set the form of the addresses: in that one the products had been registered without. */
    private function renew(): string
    {
        flush_rewrite_rules(false);
        wc_delete_product_transients();
        foreach (wc_get_products(['status' => 'publish', 'limit' => 3]) as $product) {
            $address = $product->get_permalink();
            self::require(url_to_postid($address) === $product->get_id(), "The address {$address} leads to no product.");
        }
        return 'The addresses of pages and products were renewed, and lead there.';
    }

    private function shop(): string
    {
        self::require(get_option('woocommerce_coming_soon') === 'no', 'WooCommerce hides the shop as "coming soon".');
        self::require(OrderUtil::custom_orders_table_usage_is_enabled(), 'Orders are kept among the posts, not in tables of their own.');
        foreach (['shop', 'cart', 'checkout', 'myaccount'] as $page) {
            self::require(get_post_status(wc_get_page_id($page)) === 'publish', "The page \"{$page}\" is missing.");
        }
        $gateways = WC()->payment_gateways()->payment_gateways();
        self::require(isset($gateways['cod']) && $gateways['cod']->enabled === 'yes', 'Cash on delivery is off.');
        self::require(get_option('woocommerce_enable_guest_checkout') === 'yes', 'Customers cannot buy without an account.');
        self::require((new \WC_Shipping_Zone(0))->get_shipping_methods(true) !== [], 'There is no shipping for the rest of the world.');
        $products = (int) wp_count_posts('product')->publish;
        self::require(!$this->environment->hasSamples || $products > 0, 'There is no product in the shop.');
        return "The shop is open; pages, payment and shipping are set; {$products} products are on sale.";
    }

    private function login(): string
    {
        // WordPress hashes passwords as its forms send them, and those add slashes.
        $user = wp_authenticate($this->environment->adminUser, wp_slash($this->environment->adminPassword()));
        self::require(
            $user instanceof \WP_User && user_can($user, 'manage_woocommerce'),
            'The administrator cannot log in with the password that the platform made.'
        );
        return 'The administrator can log in.';
    }

    private static function require(bool $holds, string $otherwise): void
    {
        if (!$holds) {
            throw new Failure($otherwise);
        }
    }
}
