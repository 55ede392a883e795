// Package wordpress is a test server for the WordPress REST API, namespace wp/v2, written
// from its documentation and from the answers of a real WordPress 6.1.
//
// https://developer.wordpress.org/rest-api/reference/
package wordpress
