// Package wordpress speaks for an account on a self-hosted WordPress site, through the
// REST API wp/v2 that every site since 5.6 has, with an application password.
//
//	blog, err := wordpress.New(wordpress.Config{
//		Site: "https://blog.acme.example", User: "acme", Password: pw}, nil)
//
// The user makes the password under Users › Profile › Application Passwords; WordPress
// offers that on https sites only. What the account may do follows from its role:
// SupportOf of each verb tells, and gives the role as the reason for a no.
//
// # Publishing
//
// Posts go to the blog, to a category, or, with the place "pages", to the pages; see
// [Client.Places]. A draft with ReplyTo becomes a comment. The files of a draft are
// uploaded first, then missing tags and categories are made, and the post last, so that
// a crash leaves at most files that no page shows. What is missing of the role's rights
// narrows that: a contributor's posts are held as pending.
//
// WordPress knows no idempotency keys. The hash of [publish.Draft].Key is therefore kept
// in an HTML comment inside the post's text, which pages do not show, and
// [Client.Reconcile] finds the post by it; see [Config].NoMark. Comments need none:
// WordPress refuses a second one with the same author, parent and text.
//
// WordPress publishes scheduled posts by its own cron, which runs when somebody visits
// the site, or when the host runs it.
//
// # Listening
//
// The site is polled: comments by their date, posts by their date and by the date of
// their last change. What the account hears depends on its role: moderators hear comments
// of every status, authors those that are approved or on their own posts, everybody else
// approved ones. A comment that somebody else moderates shows no change of date, so that
// is not heard, and what is published or approved late keeps its old date: editors hear
// that too, others may not.
//
// # Moderating
//
// Comments can be held, approved, marked as spam, put into the trash and back, and
// deleted for good; posts can be closed for comments, made sticky, trashed and restored.
// The act's inverse follows from the status before.
package wordpress
