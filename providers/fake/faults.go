package fake

import (
	"slices"
	"time"
)

// A FaultKind is a way in which networks fail.
type FaultKind string

// The kinds of faults. What a call "took" is what it changed on the network.
const (
	// RateLimited and RateLimitedSilent refuse a call with [parvis.ErrRateLimited]; the
	// first says when to come back. Nothing was taken.
	RateLimited       FaultKind = "rate limited"
	RateLimitedSilent FaultKind = "rate limited, without a time"
	// ErrorBefore and ErrorAfter answer with a server error, before and after the call
	// had its effect, which a caller cannot tell apart: [parvis.ErrUnknownOutcome] for what
	// changes something, [parvis.ErrUnavailable] for what reads.
	ErrorBefore FaultKind = "server error before the effect"
	ErrorAfter  FaultKind = "server error after the effect"
	// CutBefore refuses the connection: [parvis.ErrUnavailable], nothing left the machine.
	CutBefore FaultKind = "connection refused"
	// CutAfter and Timeout lose the answer, the second after Delay; codes as ErrorAfter.
	CutAfter FaultKind = "connection lost after the effect"
	Timeout  FaultKind = "no answer"
	// Slow answers after Delay. A context that ends meanwhile gives the codes of CutAfter.
	Slow FaultKind = "slow answer"
	// TruncatedAnswer cuts the answer: [parvis.ErrBadAnswer] for what reads,
	// [parvis.ErrUnknownOutcome] for what has changed something.
	TruncatedAnswer FaultKind = "truncated answer"
	// Outage is [parvis.ErrUnavailable]: nothing reaches the network.
	Outage FaultKind = "outage"
	// VersionRetired is [parvis.ErrAPIVersionRetired].
	VersionRetired FaultKind = "API version retired"
	// ExpiredToken and RevokedToken are [parvis.ErrAuth]. A revoked token stays so until
	// [Network.Clear].
	ExpiredToken FaultKind = "expired token"
	RevokedToken FaultKind = "revoked token"
	// MissingScope is [parvis.ErrPermission].
	MissingScope FaultKind = "missing scope"
	// HeldPost takes a post and holds it for approval; RejectedPost is [parvis.ErrRejected].
	HeldPost     FaultKind = "held post"
	RejectedPost FaultKind = "rejected post"
	// StillProcessing takes a post, which is pending until Delay has passed.
	StillProcessing FaultKind = "still processing"
	// MediaFailed reads an upload and then refuses it: [parvis.ErrRejected]. Nothing is posted.
	MediaFailed FaultKind = "media failed"
	// PartialPage makes a page of a list or stream one item long, with more behind it.
	PartialPage FaultKind = "partial page"
	// DuplicateEvent repeats the next event of a stream. OutOfOrder swaps the next two.
	DuplicateEvent FaultKind = "duplicate event"
	OutOfOrder     FaultKind = "events out of order"
	// StreamGap loses the next event of a stream; an event of the kind listen.Gap says so.
	StreamGap FaultKind = "gap in the stream"
	// StaleCursor makes the network forget a cursor, and the older half of the events
	// after it. A listen.Gap comes first, then what is left; [parvis.ErrTooLate] if there is
	// nothing and the stream does not follow.
	StaleCursor FaultKind = "stale cursor"
)

// A Fault is a scripted failure.
type Fault struct {
	Kind FaultKind
	// Op is the call that fails; empty is any that can fail in this way. The calls are
	// "publish", "upload", "get", "edit", "delete", "trash", "restore", "react",
	// "unreact", "scheduled", "reschedule", "unschedule", "reconcile", "metrics",
	// "places", "create place", "update place", "delete place", "listen", "history",
	// "search", "members", "moderate", "pending", "log" and "probe". A moderate.Do, such as "hide",
	// is that act only.
	Op string
	// Account is the handle of those to whom it happens; empty is anyone.
	Account string
	// Times is how often it happens: 0 is once, -1 is until [Network.Clear].
	Times int
	// RetryAfter is when a limited call may come back; RateLimited without it says one minute.
	RetryAfter time.Duration
	// Delay is how long Slow, Timeout and StillProcessing take.
	Delay time.Duration
}

// Inject scripts a fault. Of several that fit a call, the one injected first happens.
func (n *Network) Inject(f Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	n.faults = append(n.faults, &f)
}

// Faults returns how many faults are not yet used up.
func (n *Network) Faults() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.faults)
}

// Clear ends all faults, and makes revoked tokens good again.
func (n *Network) Clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = nil
	for _, a := range n.revoked {
		a.revoked = false
	}
	n.revoked = nil
}

// fault uses up and returns the first fault for the account's call of those kinds.
func (a *Account) fault(ops []string, kinds ...FaultKind) *Fault {
	for i, f := range a.n.faults {
		if !slices.Contains(kinds, f.Kind) || f.Account != "" && f.Account != a.p.handle || f.Op != "" && !slices.Contains(ops, f.Op) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				a.n.faults = slices.Delete(a.n.faults, i, i+1)
			}
		}
		return f
	}
	return nil
}

// callFaults are the faults that any call can meet; the others belong to some calls only.
var callFaults = []FaultKind{
	RateLimited, RateLimitedSilent, ErrorBefore, ErrorAfter, CutBefore, CutAfter, Timeout, Slow,
	TruncatedAnswer, Outage, VersionRetired, ExpiredToken, RevokedToken, MissingScope,
}
