// Package contract holds what providers and test servers say to each other against the
// networks' own descriptions of their APIs.
//
// [Mastodon] reads the description of the Mastodon API. [Contract.Request] checks a
// request: the operation exists, no parameter is unknown, the required ones are there,
// types are right. [Contract.Answer] checks an answer: the status is documented or
// tolerated for a reason that [Contract.Tolerated] gives, the body fits its schema, and
// the fields that the provider relies on are there. [Coverage] counts what was seen.
//
// The descriptions are kept in a folder beside the repository, which [SpecDir] finds.
package contract
