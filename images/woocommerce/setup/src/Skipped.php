<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** What a finer step returns when it had nothing to do, with the reason. */
final class Skipped
{
    public function __construct(public readonly string $message)
    {
    }
}
