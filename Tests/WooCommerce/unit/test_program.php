<?php

declare(strict_types=1);

use StorePlatform\Setup\Database;
use StorePlatform\Setup\DatabaseAddress;
use StorePlatform\Setup\Failure;
use StorePlatform\Setup\LocalAnswer;
use StorePlatform\Setup\Pictures;
use StorePlatform\Setup\Report;

require_once __DIR__ . '/environment.php';

const PROGRAM = IMAGE . '/setup/store.php';

test('a line is one object of JSON with four names in order', static function (): void {
    equal(
        Report::line('install', 'done', 'WordPress 7.1 was installed.', 1.2449),
        '{"step":"install","state":"done","message":"WordPress 7.1 was installed.","seconds":1.24}' . "\n"
    );
});

test('a line stays one line, and JSON, whatever the message', static function (): void {
    foreach (["a\nb\r\nc", 'quote " and \\', 'Söhne / 店', "broken \xff UTF-8", "\u{2028}", "\0"] as $message) {
        $line = Report::line('s', 'failed', $message, 0);
        equal(substr_count($line, "\n"), 1, 'lines');
        holds(is_array(json_decode($line, true)), "no JSON: {$line}");
    }
    equal(json_decode(Report::line('s', 'done', 'Söhne', 0))->message, 'Söhne');
});

test('--help explains itself and ends with 0; anything unknown with 64', static function (): void {
    [$code, $output] = command([PHP_BINARY, PROGRAM, '--help']);
    equal($code, 0);
    holds(str_contains($output, 'usage: php store.php COMMAND'), $output);
    foreach ([[], ['Setup'], ['--setup']] as $arguments) {
        [$code, $output, $errors] = command([PHP_BINARY, PROGRAM, ...$arguments]);
        equal([$code, $output], [64, '']);
        holds(str_contains($errors, 'usage:'), $errors);
    }
});

test('every command refuses an empty environment by one line and 78', static function (): void {
    foreach (['setup', 'install', 'activate', 'configure', 'verify', 'cron'] as $step) {
        [$code, $output, $errors] = command(['env', '-i', PHP_BINARY, PROGRAM, $step]);
        equal([$code, $errors], [78, ''], $step);
        $lines = array_filter(explode("\n", $output));
        equal(count($lines), 1, $step);
        equal([json_decode($lines[0])->step, json_decode($lines[0])->state], [$step, 'failed']);
    }
});

test('cron needs no password of the administrator', static function (): void {
    $environment = environment(['STORE_DOCUMENT_ROOT' => '/nowhere', 'WORDPRESS_DB_HOST' => '127.0.0.1:1', 'STORE_ADMIN_PASSWORD_FILE' => '']);
    foreach (['cron-event' => 'There is no WordPress', 'activate' => 'STORE_ADMIN_PASSWORD_FILE is not set'] as $command => $reason) {
        [$code, $output] = command([PHP_BINARY, PROGRAM, $command, 'x'], $environment);
        equal($code, 78);
        holds(str_contains($output, $reason), $output);
    }
});

test('a step without WordPress says where it looked', static function (): void {
    $environment = environment(['STORE_DOCUMENT_ROOT' => '/nowhere']);
    [$code, $output] = command([PHP_BINARY, PROGRAM, 'activate'], $environment);
    equal($code, 78);
    equal(json_decode($output)->message, 'There is no WordPress at /nowhere.');
});

test('a database that does not answer is waited for, and then is a reason to try later', static function (): void {
    $started = microtime(true);
    try {
        Database::wait(new DatabaseAddress('127.0.0.1:1', 'n', 'u', 'hunter2'), 0.5);
        throw new Exception('it answered');
    } catch (Failure $failure) {
        equal($failure->exitCode, 75);
        holds(!str_contains($failure->getMessage(), 'hunter2'), $failure->getMessage());
    }
    $seconds = microtime(true) - $started;
    holds($seconds >= 0.5 && $seconds < 3, "{$seconds} s");
});

test('an answer over HTTP has a status, headers by lower case and a body', static function (): void {
    $answer = new LocalAnswer(['HTTP/1.1 201 Created', 'Cart-Token: a:b', 'NONCE: c'], '{"id":1}');
    equal([$answer->status, $answer->headers, $answer->json()], [201, ['cart-token' => 'a:b', 'nonce' => 'c'], ['id' => 1]]);
    equal((new LocalAnswer([], 'no JSON'))->json(), []);
});

test('the pictures are PNGs of 600 by 600, all different, 60 kB together at most', static function (): void {
    $pictures = array_map(Pictures::draw(...), ['sample-teapot', 'sample-mug', 'sample-poster']);
    foreach ($pictures as $picture) {
        [$width, $height, $type] = getimagesizefromstring($picture);
        equal([$width, $height, $type], [600, 600, IMAGETYPE_PNG]);
    }
    equal(count(array_unique($pictures)), 3);
    holds(strlen(implode('', $pictures)) < 60_000, 'too large');
});
