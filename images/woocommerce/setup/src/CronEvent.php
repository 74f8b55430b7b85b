<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** The due events of one hook of WordPress: put off to their next time first, then run, as WordPress's own cron does. */
final class CronEvent extends Step
{
    public const NEEDS_PASSWORD = false;

    public function prepare(): void
    {
        define('DOING_CRON', true);
    }

    public function run(): void
    {
        $hook = $this->arguments[0] ?? '';
        $this->report->endsWhereverItLikes();
        $this->report->step('cron-event', static function () use ($hook): string {
            $count = 0;
            foreach (wp_get_ready_cron_jobs() as $time => $hooks) {
                foreach ($hooks[$hook] ?? [] as $event) {
                    if ($event['schedule'] !== false) {
                        wp_reschedule_event($time, $event['schedule'], $hook, $event['args']);
                    }
                    wp_unschedule_event($time, $hook, $event['args']);
                    do_action_ref_array($hook, $event['args']);
                    $count++;
                }
            }
            return "{$hook} was run ({$count}).";
        });
    }
}
