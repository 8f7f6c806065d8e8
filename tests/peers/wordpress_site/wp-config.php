<?php
// Read by every request and by the scripts of this folder; the starter passes where things are.
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'wordpress');
define('DB_HOST', 'localhost:' . getenv('PEER_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', "test-$name-key");
    define($name . '_SALT', "test-$name-salt");
}
define('WP_HOME', getenv('PEER_URL'));
define('WP_SITEURL', getenv('PEER_URL'));
define('WP_ENVIRONMENT_TYPE', 'local'); // without it, no application passwords over plain http
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DEFAULT_THEME', 'peer');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
