<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** The commands, and what each of them ends with. */
final class Program
{
    private const HELP = <<<'TEXT'
        usage: php store.php COMMAND

          setup       install, activate, configure and verify, each in a process of its own; stops at the first that fails
          install     WordPress's tables, the administrator, and what a newer image changes in the database
          activate    WooCommerce and the theme
          configure   pages, settings, payment, shipping, sample products
          verify      reads all of it back, places a test order over HTTP, removes it, and marks the shop as ready
          cron        Action Scheduler's due actions, then each due event of WordPress

        The settings come from the environment: see docs/woocommerce.md. Each step prints one line of JSON on standard output.
        It ends with 0; with 78 when the environment is wrong, 77 when the database refuses the password, 75 when it does not
        answer in time, 64 when the command is not one of these, 1 otherwise.

        TEXT;

    private const COMMANDS = [
        'setup' => Setup::class,
        'install' => Install::class,
        'activate' => Activate::class,
        'configure' => Configure::class,
        'verify' => Verify::class,
        'cron' => Cron::class,
        // What these run as processes of their own; nobody else needs them.
        'check' => Check::class,
        'order-begin' => TestOrderBegin::class,
        'order-end' => TestOrderEnd::class,
        'finish' => Finish::class,
        'cron-due' => CronDue::class,
        'cron-actions' => CronActions::class,
        'cron-event' => CronEvent::class,
    ];

    /** The file to load before `run`, if this command needs WordPress. */
    public readonly ?string $wordPress;

    private function __construct(private readonly Step $step, private readonly Report $report)
    {
        $step->prepare();
        $this->wordPress = $step::WORDPRESS->prepare($step->environment);
    }

    /**
     * Does all that can be done without WordPress. Ends the process when that fails.
     *
     * @param list<string> $arguments
     */
    public static function start(array $arguments): self
    {
        $command = $arguments[0] ?? '';
        if (in_array($command, ['--help', '-h', 'help'], true)) {
            fwrite(STDOUT, self::HELP);
            exit(0);
        }
        $class = self::COMMANDS[$command] ?? null;
        if ($class === null) {
            fwrite(STDERR, self::HELP);
            exit(64);
        }
        $report = new Report($command);
        $report->catchSilentEnds();
        try {
            $environment = Environment::read(getenv(), $class::NEEDS_PASSWORD);
            return new self(new $class($environment, $report, array_slice($arguments, 1)), $report);
        } catch (\Throwable $error) {
            exit($report->failed(Failure::of($error)));
        }
    }

    /** The exit code. */
    public function run(): int
    {
        try {
            $this->step::WORDPRESS->check($this->step->environment);
            $this->step->run();
        } catch (\Throwable $error) {
            return $this->report->failed(Failure::of($error));
        }
        $this->report->ended();
        return 0;
    }
}
