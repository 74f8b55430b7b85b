<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * The timed work of a shop: Action Scheduler's first, then each due event of WordPress.
 *
 * Each in a process of its own, for some plugins end the process when they are done (WooCommerce's renewal of pictures does), and all
 * that was to come after would be lost without a word. This one loads no WordPress, so that one at a time is in memory.
 */
final class Cron extends Step
{
    public const WORDPRESS = WordPress::Absent;
    public const NEEDS_PASSWORD = false;

    public function run(): void
    {
        $hooks = json_decode(Child::output('cron-due'), true, 8, JSON_THROW_ON_ERROR);
        if ($hooks === null) {
            $this->report->step('cron', static fn () => new Skipped('The set-up of this shop is not finished.'));
            return;
        }
        $failed = $this->fails('cron-actions') ? 1 : 0;
        foreach ($hooks as $hook) {
            $failed += $this->fails('cron-event', $hook) ? 1 : 0;
        }
        $count = count($hooks);
        $this->report->step('cron', static fn (): string => $failed === 0
            ? "The due actions and {$count} due events were run."
            : throw new Failure("{$failed} of the due tasks failed; their own lines say why."));
    }

    private function fails(string $command, string ...$arguments): bool
    {
        try {
            Child::run($command, $this->report, ...$arguments);
            return false;
        } catch (ReportedFailure) {
            return true;
        }
    }
}
