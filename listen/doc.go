// Package listen delivers what is said on networks: posts, replies, comments, mentions,
// messages, reactions, reports, edits and deletions, as one type, [Event].
//
// A provider implements [Listener], and one small interface for each further power:
// [History], [Searcher], [Webhooks], [Members]. Programs call the doors [To], [Past],
// [Search], [MembersOf], and [Merge] to hear many accounts as one stream.
//
// # Nothing lost
//
// Every event has a stable ID and a Cursor. Store the cursor of the last event that you
// dealt with, and begin there next time: nothing between is lost, and nothing comes
// twice but what the network changed meanwhile. Events come oldest first. A stretch that
// the network can no longer deliver is not passed over in silence: it is an event of
// kind [Gap].
//
// # Ending
//
// Without [Query.Follow] a stream ends when everything there is has been delivered. With
// it the stream goes on, by push where the network has it and by polling where not,
// reconnecting and filling in what was missed, until ctx ends or the loop is left. A
// failure that cannot be mended is the last pair. Leaving the loop, or the end of ctx,
// stops everything that the stream started.
package listen
