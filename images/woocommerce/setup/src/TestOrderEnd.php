<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Reads the test order back, as the merchant would, and removes it with all that it left. */
final class TestOrderEnd extends Step
{
    public function run(): void
    {
        $id = (int) ($this->arguments[0] ?? 0);
        $this->report->step('test-order-removed', static function () use ($id): string {
            $order = wc_get_order($id);
            $status = $order instanceof \WC_Order ? $order->get_status() : 'missing';
            TestOrderTraces::remove();
            if ($status !== 'processing') {
                throw new Failure("The test order was read back as {$status}, not as processing.");
            }
            return 'The test order was read back as processing, and removed.';
        });
    }
}
