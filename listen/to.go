package listen

import (
	"context"
	"iter"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/recent"
)

// To delivers what p hears, oldest first: it refuses foreign references and kinds that
// the account cannot hear, drops events that come twice, and leaves out what the account
// itself said unless q.Own. An error is the last pair.
func To(ctx context.Context, p Listener, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		const op = "listen"
		a := p.Account()
		if err := check(ctx, p, q, op); err != nil {
			yield(Event{Account: a}, err)
			return
		}
		deliver(p, op, q, p.Listen(ctx, q), yield)
	}
}

// deliver passes the events of in on, without doubles and those that q does not want.
func deliver(p Listener, op string, q Query, in iter.Seq2[Event, error], yield func(Event, error) bool) {
	var seen recent.Set
	for ev, err := range in {
		a := p.Account() // per event: a provider may only now have learnt who it is
		ev.Account = a
		if err != nil {
			yield(ev, parvis.In(err, a, op, parvis.ErrUnavailable))
			return
		}
		if !wanted(a, q, ev) || seen.Before(ev.ID) {
			continue
		}
		if !yield(ev, nil) {
			return
		}
	}
}

func wanted(a parvis.Account, q Query, ev Event) bool {
	if !q.Wants(ev.Kind) || !q.After.IsZero() && !ev.Time.IsZero() && ev.Time.Before(q.After) {
		return false
	}
	if q.Own || ev.Kind == Gap || ev.Kind == Delete {
		return true
	}
	author := ev.Author.Ref
	return author.IsZero() || author.ID == "" || author.ID != a.ID || author.Host != a.Host
}

// check refuses a query before the network is touched.
func check(ctx context.Context, p Listener, q Query, op string) error {
	a := p.Account()
	for _, r := range [...]parvis.Ref{q.Place.Ref, q.Thread} {
		if err := a.Owns(r); err != nil {
			return parvis.In(err, a, op, parvis.ErrInvalid)
		}
	}
	sup, err := supportFor(ctx, p, q.Place)
	if err != nil {
		return parvis.In(err, a, op, parvis.ErrUnavailable)
	}
	if missing := q.Kinds &^ (sup.Kinds | Gap); missing != 0 {
		return &parvis.Error{
			Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrUnsupported,
			Message: "the account cannot hear " + missing.String(), Help: "it can hear " + sup.Kinds.String(),
		}
	}
	return nil
}
