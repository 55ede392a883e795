// Package outbox is an editorial calendar that never posts twice and never forgets. Posts
// live in the user's own database, wait there for approval and for their time, and go out
// through any [publish.Publisher], whatever dies in the middle.
//
// An [Entry] is one post on the calendar of one client; each of its targets, one account
// each, has a life of its own, so that one network's failure never blocks another.
//
//	         Submit      Approve             the time comes
//	draft ──► review ──► approved* ─► scheduled ──► sending ──► published ──► withdrawn
//	  ▲─────────┘                      │  ▲  ▲         │ ├────► pending ──► published
//	   RequestChanges, Edit            │  │  │         │ │      (the network still works on it)
//	                                   ▼  │  │ retry   │ ├────► native ───► published
//	  cancelled ◄── Cancel (any state  held  └─────────┘ │      (the network holds it until its time)
//	               before sending)    (a person decides: ├────► failed   (surely not out)
//	                                   Retry, Cancel)    └────► unknown ─► published, scheduled
//	                                                              (reconciled, or Resolve by a person)
//
// (* approved is a post that has all its approvals and no time yet.)
//
// Each arrow is one transaction with its [parvis.Record].
//
// # What holds
//
// Before the first request of a post that others can see, the intent is stored: the state
// is sending, and the attempt has a key. After a crash or an unclear answer the attempt is
// reconciled: the network is asked, by key or by its own lookup. If it has the post, the
// post is published; if it surely has not, the post is sent again under the same key; if
// that cannot be told, but the network honours keys, it is sent again under the same key;
// else it stays unknown, and a person decides with [Client.Resolve]. Nothing is guessed.
//
// A worker holds the lane of an account by a lease. It sends nothing after its lease has
// ended, and nothing while a [Client.Pause] holds: both are asked just before each request.
//
// # Engine
//
// River (riverqueue.com) wakes the workers, on SQLite or PostgreSQL. Posts of one account
// go out one after the other, in the order of their times; accounts do not wait for each
// other. What a network's limit does not allow yet waits in the queue, not in a worker.
package outbox
