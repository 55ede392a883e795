package publish

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
)

// To publishes d through p: it refuses foreign references, applies the overrides for
// p's network, checks the draft as [Check] does, and sends it.
//
// The Post's State says whether it is out, scheduled, pending or held. An error that
// matches [parvis.ErrInvalid] holds [Problems]; one that matches
// [parvis.ErrUnknownOutcome] is an [*UnknownError] whose Attempt is for [Reconcile].
//
// The options ask for stricter rules ([RequireAlt]) or for adaptation ([Shorten], …).
func To(ctx context.Context, p Publisher, d Draft, opts ...Option) (Post, error) {
	out := attempt(ctx, p, d, opts)
	return out.Post, out.Err
}

// attempt is To with everything that is known afterwards.
func attempt(ctx context.Context, p Publisher, d Draft, opts []Option) Outcome {
	a := p.Account()
	out := Outcome{Account: a, State: NotSent, Attempt: Attempt{Account: a, Draft: d}}
	d, warnings, err := prepare(ctx, p, d, opts)
	if err != nil {
		out.Err = parvis.In(err, a, "publish", parvis.ErrUnavailable)
		return out
	}
	if d.Key == "" {
		d.Key = rand.Text()
	}
	out.Attempt = Attempt{Account: a, Draft: d, Started: time.Now()}
	post, err := p.Publish(ctx, d)
	a = p.Account() // a provider may only now have learnt who it is
	out.Account, out.Attempt.Account = a, a
	if err != nil {
		err = parvis.In(err, a, "publish", parvis.ErrUnknownOutcome)
		if out.State = stateOf(err); out.State == Unknown {
			err = &UnknownError{Attempt: out.Attempt, Err: withHelp(err)}
		}
		out.Err = err
		return out
	}
	if post.State == "" {
		post.State = Published
	}
	if post.Key == "" {
		post.Key = d.Key
	}
	post.Warnings = append(post.Warnings, warnings...)
	out.State, out.Post = post.State, post
	return out
}

func withHelp(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Help != "" {
		return err
	}
	c := *e
	c.Help = "find out with publish.Reconcile before sending again"
	return &c
}

// prepare applies overrides and options and returns the draft that may be sent.
func prepare(ctx context.Context, p Publisher, d Draft, opts []Option) (Draft, []Warning, error) {
	d, sup, warnings, err := adapted(ctx, p, d, opts)
	if err != nil {
		return d, nil, err
	}
	ps, err := problems(ctx, p, sup, d, opts)
	if err != nil {
		return d, nil, err
	}
	if len(ps) > 0 {
		return d, nil, ps.err(p.Account())
	}
	return d, warnings, nil
}

// owns refuses a draft that refers to another client, network or server.
func owns(a parvis.Account, d Draft) error {
	for _, r := range [...]parvis.Ref{d.ReplyTo, d.Quote, d.Place.Ref, d.Place.Parent} {
		if err := a.Owns(r); err != nil {
			return err
		}
	}
	for _, m := range d.Media {
		if err := a.Owns(m.Ref); err != nil {
			return err
		}
	}
	return nil
}
