// Package publish sends posts to networks, edits and deletes them, and finds out what
// became of an attempt.
//
// A provider implements [Publisher], and one small interface for each further power that
// its network has: [Editor], [Deleter], [Trasher], [Reactor], [Scheduler], [Getter],
// [Reconciler], [Metrics], [Places], [PlaceEditor]. Programs call the doors, functions
// that take any Publisher: [To], [ToAll], [Thread], [Edit], [Delete] and so on. A door
// refuses references of another client, checks the draft against what the network
// allows, and gives a typed error where a power is missing.
//
// # Outcomes
//
// A call of [To] ends in one of six states:
//
//	            ┌─ published   it is out
//	            ├─ scheduled   the network keeps it until Draft.At
//	To ── sent ─┼─ pending     the network is still processing it; Get tells
//	            ├─ held        the network keeps it for somebody's approval
//	            ├─ rejected    the network looked at it and refused
//	            └─ unknown     sent, and no clear answer came: Reconcile tells
//
// Nothing that creates a post is sent twice, unless the network honours an idempotency
// key or surely took nothing.
//
// # Writing a provider
//
// Degrees go into [Support]; rules of the network that it has no words for into a
// [Checker]; a [Budgeter] knows what its client may still spend.
//
// Publish is called with a draft that [To] has checked, whose overrides for this network
// are applied and whose Key is set. Return [*parvis.Error] with a code; for an attempt
// that got no clear answer [parvis.ErrUnknownOutcome]. Be safe for concurrent use, and
// honour ctx.
package publish
