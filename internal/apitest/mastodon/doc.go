// Package mastodontest is a server that speaks the Mastodon API, for tests. It keeps
// everything in memory, listens on the loopback interface only, and enforces the rules
// that https://docs.joinmastodon.org publishes: tokens and scopes, lengths and counts,
// idempotency keys, media that is still being processed, paging, rate limits, streams.
//
// It is written from the documentation of Mastodon and of the servers that share its API,
// not from any client. A test asks it directly what it has ([Server.Count]), lets other
// people speak ([Server.Say]), and sees what clients sent that no such server knows
// ([Server.Unknown]).
//
// [Flavour] picks which server it is: they differ in limits, in what they do with an
// idempotency key, in how they word refusals, and in what they lack.
package mastodontest
