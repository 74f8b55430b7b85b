<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** A step failed in a process of its own, which has printed the reason: the last line is its line. */
final class ReportedFailure extends Failure
{
    public function __construct(int $exitCode)
    {
        parent::__construct('A step failed; its own line says why.', $exitCode);
    }
}
