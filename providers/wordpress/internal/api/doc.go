// Package api is a small client for the WordPress REST API, namespace wp/v2, that does
// what the provider needs and knows nothing of the verbs.
//
// https://developer.wordpress.org/rest-api/
package api
