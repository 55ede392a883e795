<?php
// What PHP's own web server asks for each request: uploads and WordPress's own files as they are,
// everything else through index.php, as the usual rewrite rules do.
$root = $_SERVER['DOCUMENT_ROOT'];
$path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$content = getenv('SITE_CONTENT');
if (str_starts_with($path, '/wp-content/')) {
    $file = realpath($content . substr($path, strlen('/wp-content')));
    if ($file && str_starts_with($file, realpath($content) . '/') && is_file($file) && !str_ends_with($file, '.php')) {
        header('Content-Type: ' . (mime_content_type($file) ?: 'application/octet-stream'));
        readfile($file);
        return;
    }
}
$file = $root . $path;
if (is_dir($file) && is_file(rtrim($file, '/') . '/index.php')) {
    $file = rtrim($file, '/') . '/index.php';
}
if (is_file($file) && str_ends_with($file, '.php')) {
    chdir(dirname($file));
    $_SERVER['SCRIPT_FILENAME'] = $file;
    $_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] = substr($file, strlen($root));
    require $file;
    return;
}
if (is_file($file)) {
    return false;
}
chdir($root);
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require "$root/index.php";
