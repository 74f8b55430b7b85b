<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Prints the hooks with a due event as JSON; null when the shop has not been set up. */
final class CronDue extends Step
{
    public const NEEDS_PASSWORD = false;

    public function prepare(): void
    {
        Database::wait($this->environment->database, 20);
        define('DOING_CRON', true);
    }

    public function run(): void
    {
        $hooks = [];
        foreach (wp_get_ready_cron_jobs() as $events) {
            $hooks += $events;
        }
        // What it would do has been done by then.
        unset($hooks['action_scheduler_run_queue']);
        fwrite(STDOUT, json_encode(Marks::isReady() ? array_keys($hooks) : null, JSON_THROW_ON_ERROR));
    }
}
