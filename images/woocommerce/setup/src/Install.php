<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** WordPress's tables and the administrator; on a later run, what a newer image changes in the database. */
final class Install extends Step
{
    public const WORDPRESS = WordPress::Installing;

    public function prepare(): void
    {
        $this->report->step('database', fn () => Database::wait($this->environment->database));
        $this->report->step('uploads', $this->uploads(...));
        // Before any table is made, so that a missing secret leaves nothing half-made.
        $this->environment->adminPassword();
    }

    public function run(): void
    {
        require_once __DIR__ . '/pluggable.php';
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $this->report->step('wordpress', $this->wordpress(...));
        $this->report->step('wordpress-database', $this->database(...));
    }

    private function uploads(): string
    {
        $directory = $this->environment->documentRoot . '/wp-content/uploads';
        // Always the same, so that a kill leaves one at most, and the next run removes it.
        $file = $directory . '/.store-setup';
        if (@file_put_contents($file, '') === false) {
            $user = posix_geteuid();
            throw new Failure(
                "The volume for pictures ({$directory}) cannot be written by user {$user}: its storage class must give a writable "
                . 'directory, for fsGroup changes nothing on hostPath-like classes.'
            );
        }
        unlink($file);
        return 'The volume for pictures can be written.';
    }

    private function wordpress(): string|Skipped
    {
        global $wp_version;
        $install = function () use ($wp_version): string {
            $shop = $this->environment;
            wp_install($shop->title, $shop->adminUser, $shop->adminEmail, true, '', wp_slash($shop->adminPassword()));
            if (get_option('siteurl', '') === '' || username_exists($shop->adminUser) === false) {
                throw new Failure('WordPress could not be installed; the log has the details.');
            }
            // Counted when the user was made, unless that was in a run that was killed.
            wp_update_user_counts();
            return "WordPress {$wp_version} was installed.";
        };
        return Marks::once('wordpress', 'WordPress is installed.', $install);
    }

    private function database(): string|Skipped
    {
        global $wp_version, $wp_db_version;
        $found = (int) get_option('db_version');
        if ($found > $wp_db_version) {
            return new Skipped("The database is of a newer WordPress than {$wp_version}; it was left as it is.");
        }
        if ($found === (int) $wp_db_version) {
            return new Skipped("The database is up to date with WordPress {$wp_version}.");
        }
        wp_upgrade();
        wp_cache_flush();
        if ((int) get_option('db_version') !== (int) $wp_db_version) {
            throw new Failure("The database could not be brought up to WordPress {$wp_version}; the log has the details.");
        }
        return "The database was brought up to WordPress {$wp_version}.";
    }
}
