// Package mastodon publishes, listens and moderates on servers that speak the Mastodon
// API (https://docs.joinmastodon.org/client/intro/): Mastodon itself, GoToSocial, Pleroma
// and Akkoma, Pixelfed, Friendica, and others that resemble them.
//
// A server is asked once an hour what it is and what it allows, so that limits are those
// of this server, and Support says no where its software lacks something.
//
// # Places
//
// Posts go to the account's own timeline only. Listening knows these places, as the ID of
// a reference of kind [parvis.KindPlace]:
//
//	home           what the people say whom the account follows
//	public         what the server knows of, from everywhere
//	public:local   what is said on the server
//	tag/NAME       what is said with a hashtag; listen.Query.Tag is short for it
//	list/ID        what the members of one of the account's lists say
//
// The zero place is what concerns the account: its notifications. Deletions come with
// streaming only, and name posts that may never have been delivered.
//
// # Posting once
//
// Mastodon remembers the key of a post for an hour, and Pleroma for a time of its own, so
// that a lost answer is asked for again under the same key. On other servers nothing is
// sent twice: an attempt without an answer is unknown, and Reconcile looks for it among
// the account's posts. Reconcile never sends anything. [Config.Idempotent] overrules
// what is known of the server's software.
//
// # Moderation
//
// Every account blocks, mutes and reports, and pins its own posts. Staff also acts on
// accounts and reports, if the token has the admin scopes and the role allows it. The words map to
// Mastodon's thus: label "sensitive" is sensitive, lock is disable (the login is frozen),
// limit is silence, ban is suspend, warn is a strike without consequences. There is no
// way to delete what others posted.
//
// A report is forwarded to the server of the person reported if moderate.Action.With
// holds a reference of kind [parvis.KindDomain].
package mastodon
