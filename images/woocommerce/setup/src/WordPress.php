<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** How much of WordPress a step needs in its process. */
enum WordPress
{
    case Absent;
    /** Without plugins, and though there may be no table yet. */
    case Installing;
    case Loaded;

    /** The file to load, if any. */
    public function prepare(Environment $environment): ?string
    {
        if ($this === self::Absent) {
            return null;
        }
        $file = $environment->documentRoot . '/wp-load.php';
        if (!is_file($file)) {
            throw new Failure("There is no WordPress at {$environment->documentRoot}.", Failure::ENVIRONMENT);
        }
        if ($this === self::Installing) {
            define('WP_INSTALLING', true);
            // Else some tables and not all of them, as a kill leaves them, would end the process with a page about repairs.
            define('WP_REPAIRING', true);
            // WordPress takes over what is here before it starts.
            $GLOBALS['wp_filter']['init'][0]['store_platform'] = ['function' => self::beQuiet(...), 'accepted_args' => 0];
        }
        // wp-config.php and plugins look at these, and a command has none of them.
        $url = parse_url($environment->url);
        $_SERVER['HTTP_HOST'] = $url['host'] . (isset($url['port']) ? ":{$url['port']}" : '');
        $_SERVER['SERVER_NAME'] = $url['host'];
        $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
        $_SERVER['REQUEST_METHOD'] = 'GET';
        $_SERVER['REQUEST_URI'] = '/';
        $_SERVER['REMOTE_ADDR'] = '127.0.0.1';
        $_SERVER['HTTP_X_FORWARDED_PROTO'] = $url['scheme'];
        return $file;
    }

    /** Whether what was loaded is the shop that the platform means. */
    public function check(Environment $environment): void
    {
        if ($this === self::Absent) {
            return;
        }
        // After WordPress has set its own: a notice in one of our own files is a defect, and ends the step.
        set_error_handler(self::throwOwnNotices(...));
        $home = rtrim(defined('WP_HOME') ? (string) constant('WP_HOME') : '', '/');
        if ($home !== $environment->url) {
            $wanted = "WORDPRESS_CONFIG_EXTRA must define WP_HOME as STORE_URL ({$environment->url})";
            throw new Failure("{$wanted}, but it is '{$home}'.", Failure::ENVIRONMENT);
        }
    }

    /** What a start of WordPress does that this one must not: there may be no table to write to, and there is no plugin to hear it. */
    private static function beQuiet(): void
    {
        remove_action('init', 'wp_widgets_init', 1);
        // A new theme is announced once, and WooCommerce would miss it.
        remove_action('init', 'check_theme_switched', 99);
    }

    private static function throwOwnNotices(int $level, string $message, string $file, int $line): bool
    {
        if (str_starts_with($file, dirname(__DIR__)) && (error_reporting() & $level) !== 0) {
            throw new \ErrorException($message, 0, $level, $file, $line);
        }
        return false;
    }
}
