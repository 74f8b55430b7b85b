<?php

/** What PHP's own web server runs for each request of the test order; see src/TestOrder.php. */

declare(strict_types=1);

// WordPress takes over what is here before it starts. A test order sends the merchant no mail, and is in no log of theirs.
$wp_filter['pre_wp_mail'][10]['store_platform'] = ['function' => static fn (): bool => true, 'accepted_args' => 1];
$wp_filter['woocommerce_logger_log_message'][10]['store_platform'] = ['function' => static fn (): mixed => null, 'accepted_args' => 1];
$wp_filter['woocommerce_order_step_logging_enabled'][10]['store_platform'] = ['function' => static fn (): bool => false, 'accepted_args' => 1];

$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $_SERVER['DOCUMENT_ROOT'] . '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
