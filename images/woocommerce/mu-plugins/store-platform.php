<?php

/**
 * Plugin Name: Store Platform
 * Description: Keeps the logins of a shop to itself, and leaves versions to the image. Part of the image; it cannot be turned off.
 */

declare(strict_types=1);

defined('ABSPATH') || exit;

// XML-RPC is a second door for passwords to be tried at; the web server answers 403, and nothing may point there.
add_filter('xmlrpc_enabled', '__return_false');
remove_action('wp_head', 'rsd_link');
add_filter('wp_headers', static function (array $headers): array {
    unset($headers['X-Pingback']);
    return $headers;
});

// /?author=1 redirects to an address with the administrator's login in it; /author/NAME/ confirms a guessed one.
add_action('parse_request', static function (WP $wp): void {
    $asksForAuthor = isset($wp->query_vars['author']) || isset($wp->query_vars['author_name']);
    if ($asksForAuthor && !is_admin() && !is_user_logged_in()) {
        $wp->query_vars = ['error' => '404'];
    }
});

// The same by the REST API. Customers have no business there; the editor's users are logged in.
add_filter('rest_pre_dispatch', static function (mixed $result, WP_REST_Server $server, WP_REST_Request $request): mixed {
    if (preg_match('{^/wp/v2/users(/|$)}i', $request->get_route()) === 1 && !is_user_logged_in()) {
        return new WP_Error('rest_forbidden', 'Users are listed to users only.', ['status' => 401]);
    }
    return $result;
}, 10, 3);

// And by the site map, by embeds and by feeds.
add_filter('wp_sitemaps_add_provider', static fn (mixed $provider, string $name): mixed => $name === 'users' ? false : $provider, 10, 2);
add_filter('oembed_response_data', static function (array $data): array {
    unset($data['author_name'], $data['author_url']);
    return $data;
});
add_filter('the_author', static fn (?string $name): ?string => is_feed() ? get_bloginfo('name') : $name);

// "The password for the user admin is wrong" says that there is an admin.
add_filter('login_errors', static fn (): string => 'The login or the password is wrong.');

// The image is the version: nothing here can be updated, and asking wordpress.org without a way out ends in warnings.
foreach (['_maybe_update_core', '_maybe_update_plugins', '_maybe_update_themes'] as $check) {
    remove_action('admin_init', $check);
}
remove_action('wp_version_check', 'wp_version_check');
foreach (['plugins', 'themes'] as $kind) {
    foreach (["load-{$kind}.php", 'load-update.php', 'load-update-core.php', "wp_update_{$kind}"] as $moment) {
        remove_action($moment, "wp_update_{$kind}");
    }
}
