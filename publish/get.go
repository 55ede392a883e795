package publish

import (
	"context"

	"github.com/parvis-go/parvis"
)

// A Getter reads a post back from the network.
type Getter interface {
	Get(ctx context.Context, post parvis.Ref) (Post, error)
}

// Get returns the post as the network has it now: whether it is still pending or held,
// what it looks like, where it is seen. A post that is gone gives [parvis.ErrNotFound].
func Get(ctx context.Context, p Publisher, post parvis.Ref) (Post, error) {
	g, err := door[Getter](p, "get post", post)
	if err != nil {
		return Post{}, err
	}
	got, err := g.Get(ctx, post)
	return got, parvis.In(err, p.Account(), "get post", parvis.ErrUnavailable)
}

// door returns p's power T for the operation op on ref. It refuses, in this order,
// references of another client or network, empty ones, and providers without the power.
func door[T any](p Publisher, op string, ref parvis.Ref) (T, error) {
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
	return parvis.Power[T](p, a, op)
}

// allow asks the provider whether the power that pick selects is there, so that a
// network that lacks it is not called.
func allow(ctx context.Context, p Publisher, op string, pick func(Support) parvis.Support) error {
	sup, err := supportFor(ctx, p, parvis.Place{})
	if err != nil {
		return parvis.In(err, p.Account(), op, parvis.ErrUnavailable)
	}
	return pick(sup).Err(p.Account(), op)
}
