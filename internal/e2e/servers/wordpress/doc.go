// Package wordpress starts real WordPress sites on this machine's loopback, for tests:
// MariaDB, and PHP's own web server with WordPress as Debian packages it.
//
// What is missing is installed with apt-get, as root. Nothing runs longer than the
// process that started it.
package wordpress
