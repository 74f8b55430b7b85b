<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Writes the mark that readiness reads: the last thing of all. */
final class Finish extends Step
{
    public function run(): void
    {
        global $wp_version;
        $versions = "WordPress {$wp_version}, WooCommerce " . WC()->version;
        $this->report->step('ready', static function () use ($versions): string|Skipped {
            if (Marks::readyVersions() === $versions) {
                return new Skipped("The shop is ready with {$versions}.");
            }
            Marks::setReady($versions);
            return "The shop is ready with {$versions}.";
        });
    }
}
