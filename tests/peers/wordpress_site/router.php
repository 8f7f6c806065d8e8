<?php
// What a web server's rewrite rules do: a file that exists is served, everything else is WordPress's.
$path = $_SERVER['DOCUMENT_ROOT'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($path) || (is_dir("$path/") && $path !== $_SERVER['DOCUMENT_ROOT'] . '/')) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
