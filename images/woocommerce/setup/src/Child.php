<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Runs a step in a process of its own, which prints its own lines. */
final class Child
{
    public static function run(string $command, Report $report, string ...$arguments): void
    {
        $code = self::code($command, [], ...$arguments);
        if ($code >= 128) {
            $report->step($command, static fn () => throw new Failure(self::kill($code - 128)));
        }
        if ($code !== 0) {
            throw new ReportedFailure($code);
        }
    }

    /** What a process of its own printed; its failure is the caller's. */
    public static function output(string $command): string
    {
        $file = tmpfile();
        $code = self::code($command, [1 => $file]);
        rewind($file);
        $output = (string) stream_get_contents($file);
        if ($code !== 0) {
            fwrite(STDOUT, $output);
            throw new ReportedFailure($code);
        }
        return $output;
    }

    /** @param array<int, resource> $streams */
    private static function code(string $command, array $streams, string ...$arguments): int
    {
        $program = [PHP_BINARY, dirname(__DIR__) . '/store.php', $command, ...$arguments];
        // What is not named here is inherited.
        $process = proc_open($program, [0 => ['file', '/dev/null', 'r']] + $streams, $pipes);
        if ($process === false) {
            throw new Failure('No further process can be started in this container.');
        }
        do {
            usleep(10_000);
            $status = proc_get_status($process);
        } while ($status['running']);
        return $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
    }

    private static function kill(int $signal): string
    {
        return $signal === 9
            ? 'The step was killed: the container ran out of memory, or its node stopped it.'
            : "The step was stopped by signal {$signal}.";
    }
}
