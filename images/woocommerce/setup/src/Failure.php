<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Why a step cannot go on. The message is read by merchants: a sentence without secrets. */
class Failure extends \RuntimeException
{
    /** The codes of sysexits.h: whoever runs the program can tell "try again" from "never". */
    public const OTHER = 1;
    public const TRY_LATER = 75;
    public const REFUSED = 77;
    public const ENVIRONMENT = 78;

    public function __construct(string $message, public readonly int $exitCode = self::OTHER, ?\Throwable $previous = null)
    {
        parent::__construct($message, 0, $previous);
    }

    /** An error that nobody foresaw keeps its details for the log: its message may quote a password. */
    public static function of(\Throwable $error): self
    {
        if ($error instanceof self) {
            return $error;
        }
        fwrite(STDERR, $error . "\n");
        $place = basename($error->getFile()) . ':' . $error->getLine();
        return new self("The step met an error it does not know ({$place}); the log has the details.", self::OTHER, $error);
    }
}
