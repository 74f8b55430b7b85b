<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** The shop on a free port of the loopback interface, for as long as a closure needs it. */
final class LocalServer
{
    private function __construct(private readonly int $port, private readonly Environment $environment)
    {
    }

    /**
     * @template T
     * @param \Closure(self): T $use
     * @return T
     */
    public static function lend(Environment $environment, \Closure $use): mixed
    {
        $port = self::freePort();
        $log = tmpfile();
        $process = proc_open(
            [PHP_BINARY, '-S', "127.0.0.1:{$port}", '-t', $environment->documentRoot, dirname(__DIR__) . '/router.php'],
            [0 => ['file', '/dev/null', 'r'], 1 => $log, 2 => $log],
            $pipes,
            $environment->documentRoot,
        );
        if ($process === false) {
            throw new Failure('No further process can be started in this container.');
        }
        try {
            self::wait($port, $process);
            $result = $use(new self($port, $environment));
        } catch (\Throwable $error) {
            self::show($log, static fn (): bool => true);
            throw $error;
        } finally {
            proc_terminate($process, 9);
            proc_close($process);
        }
        self::show($log, static fn (string $line): bool => preg_match('/PHP (Warning|Notice|Deprecated|Fatal|Parse)/', $line) === 1);
        return $result;
    }

    /**
     * @param array<string, string> $headers
     * @param array<string, mixed>|null $body
     */
    public function request(string $method, string $path, array $headers, ?array $body, int $patience): LocalAnswer
    {
        $url = parse_url($this->environment->url);
        $headers += [
            'Host' => $url['host'] . (isset($url['port']) ? ":{$url['port']}" : ''),
            'X-Forwarded-Proto' => $url['scheme'],
            'Content-Type' => 'application/json',
            'Connection' => 'close',
        ];
        $context = stream_context_create(['http' => [
            'method' => $method,
            'header' => array_map(static fn ($name, $value): string => "{$name}: {$value}", array_keys($headers), $headers),
            'content' => $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
            'follow_location' => 0,
            'timeout' => $patience,
        ]]);
        $text = @file_get_contents("http://127.0.0.1:{$this->port}{$path}", false, $context);
        if ($text === false) {
            throw new Failure("The shop did not answer {$path} within {$patience} s.");
        }
        return new LocalAnswer($http_response_header, $text);
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $port = (int) substr(strrchr((string) stream_socket_get_name($socket, false), ':'), 1);
        fclose($socket);
        return $port;
    }

    /** @param resource $process */
    private static function wait(int $port, $process): void
    {
        $deadline = microtime(true) + 10;
        while (($socket = @fsockopen('127.0.0.1', $port, $errno, $error, 1)) === false) {
            if (!proc_get_status($process)['running'] || microtime(true) > $deadline) {
                throw new Failure('The web server for the test order did not start; the log has the details.');
            }
            usleep(20_000);
        }
        fclose($socket);
    }

    /** @param resource $log */
    private static function show($log, \Closure $isOfInterest): void
    {
        rewind($log);
        while (($line = fgets($log)) !== false) {
            if ($isOfInterest($line)) {
                fwrite(STDERR, $line);
            }
        }
    }
}
