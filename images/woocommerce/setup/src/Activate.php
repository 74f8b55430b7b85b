<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** WooCommerce and the theme. */
final class Activate extends Step
{
    private const PLUGIN = 'woocommerce/woocommerce.php';
    private const THEME = 'storefront';

    public function run(): void
    {
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $this->report->step('woocommerce', $this->woocommerce(...));
        $this->report->step('theme', $this->theme(...));
    }

    private function woocommerce(): string|Skipped
    {
        if (is_plugin_active(self::PLUGIN)) {
            return new Skipped('WooCommerce is active.');
        }
        if (!is_file(WP_PLUGIN_DIR . '/' . self::PLUGIN)) {
            throw new Failure('WooCommerce is missing from the image.');
        }
        // Without an active WooCommerce nobody but a killed run of ours can have left it.
        InstallLock::remove();
        $problem = activate_plugin(self::PLUGIN);
        if (is_wp_error($problem)) {
            throw new Failure('WooCommerce could not be activated: ' . wp_strip_all_tags($problem->get_error_message()));
        }
        return 'WooCommerce was activated.';
    }

    private function theme(): string|Skipped
    {
        return Marks::once('theme', 'The theme was chosen before.', static function (): string|Skipped {
            $theme = wp_get_theme(self::THEME);
            if (!$theme->exists()) {
                return new Skipped('The image has no theme ' . self::THEME . '; ' . wp_get_theme()->get('Name') . ' stays.');
            }
            switch_theme(self::THEME);
            return "The theme {$theme->get('Name')} {$theme->get('Version')} was activated.";
        });
    }
}
