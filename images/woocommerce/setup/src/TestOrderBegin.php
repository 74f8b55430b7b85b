<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

use Automattic\WooCommerce\StoreApi\Utilities\CartTokenUtils;

/** Prints what the test order needs to know: {"product": 12, "token": "…"}, or why there will be none: {"skipped": "…"}. */
final class TestOrderBegin extends Step
{
    public function run(): void
    {
        TestOrderTraces::remove();
        $obstacle = Marks::isReady() ? $this->obstacle() : null;
        $plan = $obstacle !== null ? ['skipped' => $obstacle] : [
            'product' => TestOrderTraces::product(),
            'token' => CartTokenUtils::get_cart_token(TestOrderTraces::SESSION),
        ];
        fwrite(STDOUT, json_encode($plan, JSON_THROW_ON_ERROR));
    }

    /** A merchant may close the shop, sell elsewhere or be paid otherwise: none of that is a fault of the set-up. */
    private function obstacle(): ?string
    {
        global $wp_version;
        $gateway = WC()->payment_gateways()->payment_gateways()['cod'] ?? null;
        return match (true) {
            Marks::readyVersions() === "WordPress {$wp_version}, WooCommerce " . WC()->version
                => 'These versions have taken a test order before.',
            get_option('woocommerce_coming_soon') === 'yes' => 'The merchant has closed the shop.',
            $gateway?->enabled !== 'yes' => 'The merchant has turned cash on delivery off.',
            $gateway->get_option('enable_for_virtual', 'yes') !== 'yes' => 'The merchant takes no cash for what is not delivered.',
            get_option('woocommerce_enable_guest_checkout') !== 'yes' => 'The merchant sells to customers with an account only.',
            !isset(WC()->countries->get_shipping_countries()[TestOrder::ADDRESS['country']]),
            !isset(WC()->countries->get_allowed_countries()[TestOrder::ADDRESS['country']]) => 'The merchant sells to fewer countries.',
            default => null,
        };
    }
}
