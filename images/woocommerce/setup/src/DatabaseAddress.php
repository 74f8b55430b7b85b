<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Where the database is, in WordPress's way of writing it. */
final class DatabaseAddress
{
    public readonly ?string $server;
    public readonly ?int $port;
    public readonly ?string $socket;

    public function __construct(
        string $host,
        public readonly string $name,
        public readonly string $user,
        #[\SensitiveParameter] public readonly string $password,
    ) {
        [$server, $rest] = explode(':', $host, 2) + [1 => ''];
        $this->server = $server;
        $this->port = ctype_digit($rest) ? (int) $rest : null;
        $this->socket = str_starts_with($rest, '/') ? $rest : null;
    }
}
