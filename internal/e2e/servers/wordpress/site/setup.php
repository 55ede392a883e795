<?php
// Installs a site and makes one user of each role, with an application password each. Prints JSON.
define('WP_INSTALLING', true);
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['HTTP_HOST'] = parse_url(getenv('SITE_URL'), PHP_URL_HOST) . ':' . parse_url(getenv('SITE_URL'), PHP_URL_PORT);
require getenv('SITE_ROOT') . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
$wpdb->suppress_errors(true);
wp_install('Parvis', 'admin', 'admin@example.org', true, '', wp_generate_password());
$wpdb->suppress_errors(false);
foreach (json_decode(getenv('SITE_OPTIONS') ?: '{}', true) as $name => $value) {
    update_option($name, $value);
}
global $wp_rewrite;
$wp_rewrite->init();
$wp_rewrite->set_permalink_structure(getenv('SITE_PERMALINKS') ?: '');
$wp_rewrite->flush_rules(false);
$out = ['version' => $GLOBALS['wp_version'], 'users' => []];
$roles = ['admin' => 'administrator', 'editor' => 'editor', 'author' => 'author',
          'contributor' => 'contributor', 'subscriber' => 'subscriber'];
foreach ($roles as $login => $role) {
    $id = username_exists($login) ?: wp_insert_user(['user_login' => $login, 'user_pass' => wp_generate_password(),
        'user_email' => "$login@example.org", 'role' => $role]);
    [$password] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'parvis']);
    $out['users'][$login] = ['id' => $id, 'password' => $password];
}
echo json_encode($out), "\n";
