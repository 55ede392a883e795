// Package audit is the trail: an append-only record of what the three verbs did, for
// whom, by whom, to what, and how it ended. It lives in the user's own database, SQLite
// through [*sql.DB] or PostgreSQL through package auditpg.
//
// A [Trail] is a [parvis.Recorder]. Rooms that keep their state in the same database
// record in the transaction in which they change it, so that an act and its record are
// both there or both not. Reading goes through [Trail.For], and sees one client only.
//
// # What a record holds
//
// The fields of [parvis.Record]: time, client, account, the actor as the application
// names them, the operation, a reference to the thing, the outcome, and a reason and a
// detail in words. It holds no text of posts, comments or messages, no media, and no name
// of a person on a network beyond the identifier inside the reference. Reason and detail
// are kept without what stands in the place of a credential, such as the value after
// "access_token=" or "Bearer".
//
// # Append-only
//
// Nothing in this package changes or removes a record, and triggers in the database
// refuse UPDATE and DELETE, replacing a row, and TRUNCATE where there is one, from
// whatever program they come. Whoever may alter tables can still take the triggers off.
//
// Records come back in the order of their time; [Entry.Seq] is the order in which the
// database numbered them.
package audit
