// Package blueskytest is an in-memory test server of the XRPC API as Bluesky's PDS and app
// view serve it at one address: sessions, repositories with checked records, blobs, feeds,
// search, notifications, mutes, blocks, lists and reports, with the published limits.
//
// It enforces the rules of the lexicons, and words its refusals as the real servers do,
// against which it is compared. It is written from https://atproto.com/specs,
// https://docs.bsky.app and the lexicons, not from the provider. There is no delay between
// what a PDS has and what the app view shows.
package blueskytest
