<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/**
 * Waits until the database answers.
 *
 * With mysqli, as WordPress will: a newer mariadb client insists on TLS. A password that is refused will be refused in a minute too, so
 * that ends the wait at once.
 */
final class Database
{
    /** MariaDB from an empty volume took 2.5–6 s; a slow disk takes longer. */
    private const PATIENCE = 60.0;

    /** @return string the sentence to report */
    public static function wait(DatabaseAddress $address, float $patience = self::PATIENCE): string
    {
        mysqli_report(MYSQLI_REPORT_OFF);
        $deadline = microtime(true) + $patience;
        while (true) {
            $connection = mysqli_init();
            $connection->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
            // Its warning repeats the error that is looked at below.
            $isUp = @$connection->real_connect(
                $address->server,
                $address->user,
                $address->password,
                $address->name,
                $address->port ?? 0,
                $address->socket,
            );
            if ($isUp) {
                $version = $connection->server_info;
                $connection->close();
                return "The database answers ({$version}).";
            }
            self::throwIfHopeless($connection->connect_errno, $address);
            if (microtime(true) > $deadline) {
                $error = $connection->connect_error ?? 'no answer';
                throw new Failure("The database did not answer within {$patience} s ({$error}).", Failure::TRY_LATER);
            }
            usleep(200_000);
        }
    }

    private static function throwIfHopeless(int $errno, DatabaseAddress $address): void
    {
        $user = $address->user;
        $reason = match ($errno) {
            1045, 1698 => "The database refused the password of its user {$user}. A password in the environment is ignored once the data "
                . 'directory exists: give the store the password its database was made with, or set it with ALTER USER.',
            1044 => "The database's user {$user} has no rights on the database {$address->name}.",
            1049 => "There is no database {$address->name} on the server: it was made with another name.",
            default => null,
        };
        if ($reason !== null) {
            throw new Failure($reason, Failure::REFUSED);
        }
    }
}
