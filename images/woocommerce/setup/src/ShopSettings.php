<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Where the shop is, what it charges in, and who may buy. */
final class ShopSettings
{
    public function __construct(private readonly Environment $environment)
    {
    }

    public function run(): string
    {
        $this->throwIfUnknown();
        $options = [
            'woocommerce_default_country' => $this->environment->country,
            'woocommerce_currency' => $this->environment->currency,
            'woocommerce_enable_guest_checkout' => 'yes',
            'woocommerce_allow_tracking' => 'no',
            'woocommerce_show_marketplace_suggestions' => 'no',
            // The assistant of a new shop asks for what the platform has answered.
            'woocommerce_onboarding_profile' => ['skipped' => true] + (array) get_option('woocommerce_onboarding_profile', []),
            'woocommerce_task_list_hidden_lists' => ['setup', 'extended'],
        ];
        foreach ($options + $this->format() as $name => $value) {
            update_option($name, $value);
        }
        return "The shop is in {$this->environment->country}, sells in {$this->environment->currency}, and needs no account to buy.";
    }

    private function throwIfUnknown(): void
    {
        [$country, $state] = explode(':', $this->environment->country) + [1 => ''];
        $states = WC()->countries->get_states($country) ?: [];
        if (!isset(WC()->countries->get_countries()[$country]) || ($state !== '' && !isset($states[$state]))) {
            throw new Failure("WooCommerce knows no country {$this->environment->country} (STORE_COUNTRY).", Failure::ENVIRONMENT);
        }
        if (!isset(get_woocommerce_currencies()[$this->environment->currency])) {
            throw new Failure("WooCommerce knows no currency {$this->environment->currency} (STORE_CURRENCY).", Failure::ENVIRONMENT);
        }
    }

    /**
     * How the country writes its currency: 1.234,50 € and not €1,234.50; yen without decimals.
     *
     * @return array<string, string>
     */
    private function format(): array
    {
        $locales = include WC()->plugin_path() . '/i18n/locale-info.php';
        $locale = $locales[explode(':', $this->environment->country)[0]] ?? null;
        if ($locale === null) {
            return [];
        }
        $options = ['woocommerce_weight_unit' => $locale['weight_unit'], 'woocommerce_dimension_unit' => $locale['dimension_unit']];
        if ($locale['currency_code'] !== $this->environment->currency) {
            return $options;
        }
        return $options + [
            'woocommerce_currency_pos' => $locale['currency_pos'],
            'woocommerce_price_thousand_sep' => $locale['thousand_sep'],
            'woocommerce_price_decimal_sep' => $locale['decimal_sep'],
            'woocommerce_price_num_decimals' => (string) $locale['num_decimals'],
        ];
    }
}
