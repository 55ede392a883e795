// Package moderate keeps order: it hides, holds, removes, warns, bans, reports, and
// undoes it, with one vocabulary for all networks.
//
// What is to be done is an [Action], what was done is an [Act]; both are data, so rules,
// queues and trails can work on them. A provider implements [Moderator], and one small
// interface for each further power: [Pending], [Log]. Programs call the doors [Hide],
// [Ban] and so on, or [Apply] for an Action that came from elsewhere; each refuses
// references of another client and what the network cannot do before anything is sent.
//
// # Undo
//
// Every Act carries its inverse Action, or none where the network cannot take it back.
// [Undo] applies it.
//
//	act, err := moderate.Hide(ctx, m, ev.Ref, moderate.Because("advertising"))
//	…
//	_, err = moderate.Undo(ctx, m, act)
package moderate
