<?php
// Prints {"user": "application password"} as JSON; the administrator's own password is "admin".
define('WP_INSTALLING', true);
require __DIR__ . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('District Blog', 'admin', 'admin@example.org', true, '', 'admin');
update_option('permalink_structure', '/%postname%/');
foreach (['comment_moderation', 'comments_notify', 'moderation_notify', 'comment_previously_approved'] as $name) {
    update_option($name, 0);
}
$passwords = [];
foreach (['modbot' => 'editor', 'parent' => 'subscriber'] as $name => $role) {
    $id = wp_create_user($name, wp_generate_password(), "$name@example.org");
    (new WP_User($id))->set_role($role);
    [$passwords[$name]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'test']);
}
echo json_encode($passwords);
