"""Tries the set-up program, the web server's and PHP's configuration of the WooCommerce image on a real WordPress and MariaDB."""
