<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** All steps, each in a process of its own: a plugin that a process activates is not loaded in it. */
final class Setup extends Step
{
    public const WORDPRESS = WordPress::Absent;

    public function run(): void
    {
        foreach (['install', 'activate', 'configure', 'verify'] as $step) {
            Child::run($step, $this->report);
        }
    }
}
