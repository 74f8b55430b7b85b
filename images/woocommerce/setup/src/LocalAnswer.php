<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** An answer over HTTP. */
final class LocalAnswer
{
    public readonly int $status;
    /** @var array<string, string> by name in lower case */
    public readonly array $headers;

    /** @param list<string> $lines the status line and the headers */
    public function __construct(array $lines, public readonly string $body)
    {
        $this->status = (int) (explode(' ', $lines[0] ?? '')[1] ?? 0);
        $headers = [];
        foreach (array_slice($lines, 1) as $line) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[strtolower($name)] = trim($value);
        }
        $this->headers = $headers;
    }

    /** @return array<string, mixed> empty when the body is no object */
    public function json(): array
    {
        $value = json_decode($this->body, true);
        return is_array($value) ? $value : [];
    }
}
