<?php
// What a request to this WordPress would run: the site's settings, then the task that is named on the command line.
[, $task, $given] = $argv;
$given = json_decode($given, true);
define('DB_NAME', $given['database']);
define('DB_USER', $given['user']);
define('DB_PASSWORD', $given['secret']);
define('DB_HOST', $given['host']);
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) define($name, "$name of this site, long enough to be one");
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('ABSPATH', '/usr/share/wordpress/');
if ($task === 'install') define('WP_INSTALLING', true);
// A port where nobody answers: WordPress asks itself whether its links work.
$_SERVER += ['HTTP_HOST' => '127.0.0.1:9', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1'];
error_reporting(0);
function wp_mail() { return true; }
$table_prefix = 'blog_';
require ABSPATH . 'wp-settings.php';

$answers = [
    'install' => function () use ($given) {
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        wp_install('A site', 'ana', 'Ana@example.org', true, '', wp_slash($given['password']));
        wp_insert_user(wp_slash(['user_login' => 'bea', 'user_email' => 'bea@example.org', 'user_pass' => $given['password']]));
        return $GLOBALS['wp_version'];
    },
    // As wp-login.php does it, by name or by address.
    'log-in' => function () use ($given) {
        $user = wp_authenticate($given['name'], wp_slash($given['password']));
        return is_wp_error($user) ? $user->get_error_code() : $user->user_login;
    },
    'open-session' => function () use ($given) {
        $id = get_user_by('login', $given['name'])->ID;
        $until = time() + 3600;
        return wp_generate_auth_cookie($id, $until, 'auth', WP_Session_Tokens::get_instance($id)->create($until));
    },
    'session' => fn () => wp_validate_auth_cookie($given['cookie'], 'auth'),
    'set' => function () use ($given) { wp_set_password(wp_slash($given['password']), get_user_by('login', $given['name'])->ID); },
];
echo "\n", json_encode($answers[$task]());
