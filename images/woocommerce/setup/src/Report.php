<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Prints one line of JSON for each finer step; the platform turns each into an event of the store. */
final class Report
{
    private bool $ended = false;
    private bool $mayEnd = false;
    private string $step;
    private float $since;

    public function __construct(private readonly string $command)
    {
        $this->step = $command;
        $this->since = microtime(true);
    }

    /**
     * Runs a finer step and reports it. The work returns the sentence to report, or `Skipped` when there was nothing to do.
     *
     * @param \Closure(): (string|Skipped) $work
     */
    public function step(string $name, \Closure $work): void
    {
        $this->step = $name;
        $this->since = microtime(true);
        $result = $work();
        [$state, $message] = $result instanceof Skipped ? ['skipped', $result->message] : ['done', $result];
        fwrite(STDOUT, self::line($name, $state, $message, microtime(true) - $this->since));
        $this->step = $this->command;
    }

    /** The exit code to end with. */
    public function failed(Failure $failure): int
    {
        $this->ended = true;
        if (!$failure instanceof ReportedFailure) {
            fwrite(STDOUT, self::line($this->step, 'failed', $failure->getMessage(), microtime(true) - $this->since));
        }
        return $failure->exitCode;
    }

    public function ended(): void
    {
        $this->ended = true;
    }

    /**
     * WordPress and its plugins call `exit` where they please, some of them with code 0: a step that ends so has failed.
     * What they print meanwhile would spoil the lines of JSON: it goes to standard error.
     */
    public function catchSilentEnds(): void
    {
        ob_start(static function (string $text): string {
            fwrite(STDERR, $text);
            return '';
        }, 1);
        register_shutdown_function(function (): void {
            $isFatal = in_array(error_get_last()['type'] ?? 0, [E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_USER_ERROR], true);
            if (!$this->ended && $this->mayEnd && !$isFatal) {
                fwrite(STDOUT, self::line($this->step, 'done', 'It ended its process itself.', microtime(true) - $this->since));
            } elseif (!$this->ended) {
                exit($this->failed(new Failure('The step ended before it was done; the log has the details.')));
            }
        });
    }

    /** From here on an early end is not a failure: a timed event may end its process, as it would have ended WordPress's own cron. */
    public function endsWhereverItLikes(): void
    {
        $this->mayEnd = true;
    }

    public static function line(string $step, string $state, string $message, float $seconds): string
    {
        $line = ['step' => $step, 'state' => $state, 'message' => $message, 'seconds' => round($seconds, 2)];
        $readable = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
        return json_encode($line, $readable | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR) . "\n";
    }
}
