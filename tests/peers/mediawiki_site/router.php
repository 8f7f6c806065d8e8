<?php // What MediaWiki's own files do not answer: the operations of the tests.
if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/stage.php') {
    require __DIR__ . '/stage.php';
    return true;
}
return false;
