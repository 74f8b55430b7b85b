<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * Buys something as a customer would: over HTTP, through the Store API, paid by cash on delivery.
 *
 * Over a web server of PHP's own on the loopback interface, for the shop's may not be up yet, and from inside the cluster the shop's own
 * address may not be reachable.
 */
final class TestOrder
{
    /** With all that a merchant may ask for. */
    public const ADDRESS = [
        'first_name' => 'Test', 'last_name' => 'Order', 'company' => 'Store Platform', 'address_1' => 'Invalidenstraße 1',
        'address_2' => '2', 'city' => 'Berlin', 'postcode' => '10115', 'country' => 'DE', 'state' => '', 'phone' => '030123456',
    ];
    private const API = '/wp-json/wc/store/v1';
    /** A first request on a cold disk took 13–28 s. */
    private const PATIENCE = 120;

    public function __construct(private readonly Environment $environment, private readonly Report $report)
    {
    }

    public function run(): void
    {
        $plan = json_decode(Child::output('order-begin'), true, 8, JSON_THROW_ON_ERROR);
        if (isset($plan['skipped'])) {
            $this->report->step('test-order', static fn () => new Skipped($plan['skipped']));
            return;
        }
        $order = 0;
        // Should it fail, the next run removes its traces: the reason is to be the last line.
        $this->report->step('test-order', function () use ($plan, &$order): string {
            $order = LocalServer::lend($this->environment, fn (LocalServer $server) => $this->buy($server, $plan));
            return 'A test order was placed over HTTP, paid by cash on delivery.';
        });
        Child::run('order-end', $this->report, (string) $order);
    }

    /** @param array{product: int, token: string} $plan */
    private function buy(LocalServer $server, array $plan): int
    {
        $headers = ['Cart-Token' => $plan['token']];
        $cart = $this->call($server, 'GET', '/cart', $headers);
        $headers = ['Cart-Token' => $cart->headers['cart-token'] ?? $plan['token'], 'Nonce' => $cart->headers['nonce'] ?? ''];
        $this->call($server, 'POST', '/cart/add-item', $headers, ['id' => $plan['product'], 'quantity' => 1]);
        $address = self::ADDRESS + ['email' => TestOrderTraces::EMAIL];
        $order = $this->call($server, 'POST', '/checkout', $headers, [
            'billing_address' => $address,
            'shipping_address' => self::ADDRESS,
            'payment_method' => 'cod',
        ])->json();
        if (($order['status'] ?? '') !== 'processing') {
            throw new Failure('The checkout answered with the status ' . ($order['status'] ?? 'none') . ', not with processing.');
        }
        return (int) $order['order_id'];
    }

    /**
     * @param array<string, string> $headers
     * @param array<string, mixed> $body
     */
    private function call(LocalServer $server, string $method, string $path, array $headers, ?array $body = null): LocalAnswer
    {
        $answer = $server->request($method, self::API . $path, $headers, $body, self::PATIENCE);
        if ($answer->status < 200 || $answer->status > 299) {
            fwrite(STDERR, "{$method} {$path}: {$answer->status} " . substr($answer->body, 0, 2000) . "\n");
            $reason = $answer->json()['message'] ?? 'no reason';
            throw new Failure("The test order failed at {$path} with {$answer->status}: " . strip_tags((string) $reason));
        }
        return $answer;
    }
}
