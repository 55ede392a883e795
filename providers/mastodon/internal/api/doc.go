// Package api speaks the HTTP dialect of the Mastodon family: it sends one request a
// method and turns answers into Go values. It knows nothing of drafts, events and actions.
//
// The endpoints are those of https://docs.joinmastodon.org/client/intro/; each method
// names its page.
package api
