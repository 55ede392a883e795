package publish

import (
	"context"

	"github.com/parvis-go/parvis"
)

// door returns p's power T for the operation op on ref. It refuses, in this order and
// before the network is asked to do anything: references of another client or network,
// empty ones, providers without the power, and accounts that may not use it.
func door[T any](ctx context.Context, p Publisher, op string, ref parvis.Ref, pick func(Support) parvis.Support) (T, error) {
	var zero T
	a := p.Account()
	if err := a.Owns(ref); err != nil {
		return zero, parvis.In(err, a, op, parvis.ErrInvalid)
	}
	if ref.IsZero() {
		return zero, &parvis.Error{
			Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
			Message: "the reference is empty", Help: "pass the Ref of a post or event",
		}
	}
	return power[T](ctx, p, op, pick)
}

// power is door for operations without a reference.
func power[T any](ctx context.Context, p Publisher, op string, pick func(Support) parvis.Support) (T, error) {
	t, err := parvis.Power[T](p, p.Account(), op)
	if err != nil {
		return t, err
	}
	sup, err := supportFor(ctx, p, parvis.Place{})
	if err != nil {
		return t, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)
	}
	return t, pick(sup).Err(p.Account(), op)
}
