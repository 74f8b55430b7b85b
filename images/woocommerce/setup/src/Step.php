<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** A command: what it does before WordPress is loaded, how much of that it needs, and what it does then. */
abstract class Step
{
    public const WORDPRESS = WordPress::Loaded;
    public const NEEDS_PASSWORD = true;

    /** @param list<string> $arguments */
    final public function __construct(
        public readonly Environment $environment,
        protected readonly Report $report,
        protected readonly array $arguments = [],
    ) {
    }

    public function prepare(): void
    {
    }

    abstract public function run(): void;
}
