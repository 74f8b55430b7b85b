<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

use Automattic\WooCommerce\Internal\Features\FeaturesController;

/** Everything between an active WooCommerce and a shop that sells. */
final class Configure extends Step
{
    public function run(): void
    {
        if (!function_exists('WC')) {
            throw new Failure('WooCommerce is not active: the step "activate" comes first.');
        }
        $this->report->step('woocommerce-tables', $this->tables(...));
        $this->report->step('woocommerce-database', (new WooCommerceUpdates())->run(...));
        $this->once('placeholder', 'The placeholder for pictures was checked before.', $this->placeholder(...));
        $this->once('pages', 'The pages of the shop were made before.', $this->pages(...));
        $this->once('addresses', 'The form of the addresses was set before.', $this->addresses(...));
        $this->once('orders', 'The place of the orders was chosen before.', $this->orderTables(...));
        $this->once('settings', 'The settings of the shop were made before.', (new ShopSettings($this->environment))->run(...));
        $this->once('payment', 'Payment was set up before.', $this->payment(...));
        $this->once('shipping', 'Shipping was set up before.', (new Shipping($this->environment->shippingCost))->run(...));
        (new SampleProducts($this->environment->hasSamples, $this->report))->run();
        // Last, since all of the above may turn it on again: WooCommerce hides a new shop until somebody opens it by hand.
        $this->once('open', 'The shop was opened before.', $this->open(...));
    }

    private function once(string $part, string $isDone, \Closure $work): void
    {
        $this->report->step($part, static fn () => Marks::once($part, $isDone, $work));
    }

    /** WooCommerce installs itself when it is activated and at the first request to a newer one, unless a killed run is in the way. */
    private function tables(): string|Skipped
    {
        $version = WC()->version;
        $isNew = get_option('woocommerce_newly_installed') === 'yes';
        if (version_compare((string) get_option('woocommerce_version'), $version, '<') || get_option('woocommerce_db_version', '') === '') {
            InstallLock::wait();
            \WC_Install::install();
        } elseif (!$isNew) {
            return new Skipped("WooCommerce {$version} is installed.");
        }
        // Else the first visit to wp-admin does it: it would close the shop and leave the orders among the posts.
        \WC_Install::newly_installed();
        if (get_option('woocommerce_version') !== $version || \WC_Install::verify_base_tables(false) !== []) {
            throw new Failure("WooCommerce {$version} could not make its tables; the log has the details.");
        }
        delete_transient('_wc_activation_redirect');
        return "WooCommerce {$version} was installed.";
    }

    /** WooCommerce makes it while it installs itself, and never again: a kill may have left it without some of its sizes. */
    private function placeholder(): string|Skipped
    {
        $id = (int) get_option('woocommerce_placeholder_image', 0);
        if ($id === 0) {
            return new Skipped('WooCommerce made no placeholder for pictures.');
        }
        Pictures::complete($id);
        return 'The placeholder for pictures has all its sizes.';
    }

    private function pages(): string
    {
        \WC_Install::create_pages();
        $shop = wc_get_page_id('shop');
        if ($shop <= 0) {
            throw new Failure('WooCommerce did not make the page of the shop.');
        }
        // Else the shop's address would greet its customers with an empty blog.
        update_option('show_on_front', 'page');
        update_option('page_on_front', $shop);
        return 'The pages shop, cart, checkout and account were made; the shop is the front page.';
    }

    /** The Store API, by which a test order is placed, needs addresses without a question mark. */
    private function addresses(): string
    {
        global $wp_rewrite;
        $wp_rewrite->set_permalink_structure('/%postname%/');
        return 'Addresses are like /product/name/.';
    }

    private function orderTables(): string
    {
        if (!wc_get_container()->get(FeaturesController::class)->change_feature_enable('custom_order_tables', true)
            && get_option('woocommerce_custom_orders_table_enabled') !== 'yes') {
            throw new Failure('WooCommerce refused to keep orders in tables of their own.');
        }
        return 'Orders are kept in tables of their own.';
    }

    private function payment(): string
    {
        $settings = array_merge((array) get_option('woocommerce_cod_settings', []), ['enabled' => 'yes']);
        update_option('woocommerce_cod_settings', $settings);
        return 'Cash on delivery is on.';
    }

    private function open(): string
    {
        update_option('woocommerce_coming_soon', 'no');
        return 'The shop is open.';
    }
}
