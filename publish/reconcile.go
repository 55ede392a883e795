package publish

import (
	"context"
	"errors"

	"github.com/parvis-go/parvis"
)

// A Reconciler finds out what became of an attempt to publish, by the idempotency key,
// by the network's own lookup, or by searching the account's posts for the same text
// after the time of the attempt.
type Reconciler interface {
	// Reconcile returns the post if it is there. [parvis.ErrNotFound] means that it is
	// surely not there and may be sent again; [parvis.ErrUnknownOutcome] that this cannot be told.
	Reconcile(ctx context.Context, t Attempt) (Post, error)
}

// Reconcile finds out what became of an attempt whose outcome is unknown: an
// [UnknownError] or an [Outcome] has it. It returns the post if the network has it. An
// error that matches [parvis.ErrNotFound] means that the network surely has not, so that
// the draft may be sent again with the same Key; any other error leaves the outcome unknown.
func Reconcile(ctx context.Context, p Publisher, t Attempt) (Post, error) {
	const op = "reconcile"
	a := p.Account()
	if t.Account.Client != "" && t.Account.Client != a.Client {
		return Post{}, &parvis.Error{
			Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrForeignClient,
			Message: "the attempt was made for another client", Help: "reconcile with the account that tried",
		}
	}
	if err := owns(a, t.Draft); err != nil {
		return Post{}, parvis.In(err, a, op, parvis.ErrInvalid)
	}
	r, err := power[Reconciler](ctx, p, op, func(s Support) parvis.Support { return s.Reconcile })
	if err != nil {
		return Post{}, err
	}
	post, err := r.Reconcile(ctx, t)
	if err == nil && post.Key == "" {
		post.Key = t.Draft.Key
	}
	return post, parvis.In(err, a, op, parvis.ErrUnknownOutcome)
}

// AttemptOf returns the attempt that err carries, if its outcome is unknown.
func AttemptOf(err error) (Attempt, bool) {
	u, ok := errors.AsType[*UnknownError](err)
	if !ok {
		return Attempt{}, false
	}
	return u.Attempt, true
}
