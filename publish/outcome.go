package publish

import (
	"errors"
	"time"

	"github.com/parvis-go/parvis"
)

// An Attempt is everything that is known of a try to publish: what [Reconcile] needs to
// find out what became of it. It is data and can be stored.
type Attempt struct {
	// Account is the account that tried.
	Account parvis.Account `json:"account"`
	// Draft is what was sent, with its Key.
	Draft Draft `json:"draft"`
	// Started is when the request left, by this machine's clock.
	Started time.Time `json:"started"`
}

// An UnknownError is the error of an attempt that may or may not have succeeded. It
// matches [parvis.ErrUnknownOutcome] and carries the attempt for [Reconcile].
type UnknownError struct {
	Attempt Attempt
	Err     error
}

// Error returns what happened and what to do.
func (e *UnknownError) Error() string { return e.Err.Error() }

// Unwrap returns the cause, an error that matches [parvis.ErrUnknownOutcome].
func (e *UnknownError) Unwrap() error { return e.Err }

// An Outcome is how one target of [ToAll] ended.
type Outcome struct {
	// Account is the target.
	Account parvis.Account `json:"account"`
	// State is where it ended; Post is set unless it is Unknown, Rejected or NotSent.
	State State `json:"state"`
	Post  Post  `json:"post,omitzero"`
	// Err is nil unless State is Unknown, Rejected or NotSent.
	Err error `json:"-"`
	// Attempt is what was tried, for [Reconcile].
	Attempt Attempt `json:"attempt"`
}

// Record returns the outcome as a record for an audit trail. The caller adds the actor.
func (o Outcome) Record() parvis.Record {
	r := parvis.Record{
		Time: o.Attempt.Started, Client: o.Account.Client, Account: o.Account.String(),
		Op: "publish", Ref: o.Post.Ref, Outcome: string(o.State),
	}
	if o.Err != nil {
		r.Detail = o.Err.Error()
	}
	return r
}

// stateOf says in which state an attempt that ended with err is.
func stateOf(err error) State {
	switch {
	case errors.Is(err, parvis.ErrUnknownOutcome):
		return Unknown
	case errors.Is(err, parvis.ErrRejected):
		return Rejected
	}
	return NotSent
}
