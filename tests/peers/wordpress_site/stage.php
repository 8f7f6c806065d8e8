<?php
// Takes [[operation, arguments…], …] as JSON and answers the results as JSON: what the site's own people and
// plugins do, without the comment form's filters.
require __DIR__ . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
$operations = [
    'insert' => fn($comment) => wp_insert_comment(wp_slash($comment + ['comment_post_ID' => 1])),
    'row' => fn($row) => $GLOBALS['wpdb']->insert($GLOBALS['wpdb']->comments, $row + ['comment_post_ID' => 1]),
    'edit' => fn($id, $text) => wp_update_comment(wp_slash(['comment_ID' => $id, 'comment_content' => $text])),
    'status' => fn($id, $status) => wp_set_comment_status($id, $status),
    'trash' => fn($id) => wp_trash_comment($id),
    'erase' => fn($id) => wp_delete_comment($id, true),
    'option' => fn($name, $value) => update_option($name, $value),
    'post' => fn($title) => wp_insert_post(['post_title' => $title, 'post_content' => 'Text.', 'post_status' => 'publish']),
    'trash_post' => fn($id) => (bool) wp_trash_post($id),
    'empty' => fn() => $GLOBALS['wpdb']->query("DELETE FROM {$GLOBALS['wpdb']->comments}"),
];
remove_all_filters('pre_comment_content'); // an edit would rewrite links
remove_all_filters('comment_save_pre');
$results = [];
foreach (json_decode(file_get_contents('php://input'), true) as $call) {
    $results[] = $operations[array_shift($call)](...$call);
}
echo json_encode($results);
