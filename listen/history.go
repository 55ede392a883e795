package listen

import (
	"context"
	"iter"

	"github.com/parvis-go/parvis"
)

// History reads backwards: what was said before, newest first.
type History interface {
	// History ends at q.After, at q.Since, or where the network's memory ends.
	History(ctx context.Context, q Query) iter.Seq2[Event, error]
}

// A Searcher finds what anybody said, not only to the account.
type Searcher interface {
	// Search finds q.Text or q.Tag, newest first, as far as the network's search reaches.
	Search(ctx context.Context, q Query) iter.Seq2[Event, error]
}

// Past delivers what was said before, newest first; with q.Thread, a whole conversation
// in the network's order. An error is the last pair.
func Past(ctx context.Context, p Listener, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		const op = "read history"
		h, err := power[History](ctx, p, q, op, func(s Support) parvis.Support { return s.History })
		if err != nil {
			yield(Event{Account: p.Account()}, err)
			return
		}
		deliver(p, op, q, h.History(ctx, q), yield)
	}
}

// Search finds what anybody said that holds q.Text or q.Tag, newest first. An error is
// the last pair.
func Search(ctx context.Context, p Listener, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		const op = "search"
		a := p.Account()
		s, err := power[Searcher](ctx, p, q, op, func(s Support) parvis.Support { return s.Search })
		if err == nil && q.Text == "" && q.Tag == "" {
			err = &parvis.Error{
				Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
				Message: "there is nothing to search for", Help: "set Query.Text or Query.Tag",
			}
		}
		if err != nil {
			yield(Event{Account: a}, err)
			return
		}
		deliver(p, op, q, s.Search(ctx, q), yield)
	}
}

// power returns p's power T if p has it and its network allows it here.
func power[T any](ctx context.Context, p Listener, q Query, op string, pick func(Support) parvis.Support) (T, error) {
	var zero T
	a := p.Account()
	for _, r := range [...]parvis.Ref{q.Place.Ref, q.Thread} {
		if err := a.Owns(r); err != nil {
			return zero, parvis.In(err, a, op, parvis.ErrInvalid)
		}
	}
	t, err := parvis.Power[T](p, a, op)
	if err != nil {
		return zero, err
	}
	sup, err := supportFor(ctx, p, q.Place)
	if err != nil {
		return zero, parvis.In(err, a, op, parvis.ErrUnavailable)
	}
	return t, pick(sup).Err(a, op)
}
