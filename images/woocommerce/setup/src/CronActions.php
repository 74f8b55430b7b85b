<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Action Scheduler's due actions, for up to its own limit of time (30 s). */
final class CronActions extends Step
{
    public const NEEDS_PASSWORD = false;

    public function prepare(): void
    {
        define('DOING_CRON', true);
    }

    public function run(): void
    {
        $this->report->endsWhereverItLikes();
        $this->report->step('cron-actions', static function (): string {
            $count = \ActionScheduler_QueueRunner::instance()->run('WP CLI');
            return "{$count} due actions were run.";
        });
    }
}
