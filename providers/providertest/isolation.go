package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

// stranger is a client whose references the account must not touch.
const stranger = "a client of the suite"

func isolationCases() []Case {
	return []Case{{
		Name:        "isolation/client",
		Explanation: "Every door refuses a reference of another client with ErrForeignClient, and the network is not called.",
		Run: func(ctx context.Context, r *Rig) error {
			return r.refusal(ctx, parvis.ErrForeignClient, func(ref *parvis.Ref) { ref.Client = stranger })
		},
	}, {
		Name:        "isolation/network",
		Explanation: "Every door refuses a reference of another network with ErrInvalid, and the network is not called.",
		Run: func(ctx context.Context, r *Rig) error {
			return r.refusal(ctx, parvis.ErrInvalid, func(ref *parvis.Ref) { ref.Network = "no such network" })
		},
	}, {
		Name:        "isolation/server",
		Explanation: "Every door refuses a reference of another server of the network with ErrInvalid, and the network is not called.",
		Run: func(ctx context.Context, r *Rig) error {
			return r.refusal(ctx, parvis.ErrInvalid, func(ref *parvis.Ref) { ref.Host = "elsewhere.example" })
		},
	}, {
		Name:        "isolation/zero",
		Explanation: "Every door that needs a reference refuses an empty one with ErrInvalid, and the network is not called.",
		Run:         isolationZero,
	}, {
		Name:        "isolation/attempt",
		Explanation: "Reconcile refuses an attempt that was made for another client with ErrForeignClient, and the network is not called.",
		Applies:     needs(canReconcile),
		Run:         isolationAttempt,
	}, {
		Name:        "isolation/marked",
		Explanation: "Every reference that the provider hands out carries the account's client and network, and is taken back by the account.",
		Run:         isolationMarked,
	}}
}

// refusal calls every door with a reference that change has made foreign.
func (r *Rig) refusal(ctx context.Context, want error, change func(*parvis.Ref)) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	var errs []error
	for _, d := range doors(r) {
		if d.kind == "" {
			continue
		}
		ref := r.nowhere(d.kind)
		change(&ref)
		errs = append(errs, r.untouched(func() error {
			return refused(d.name+" with the reference "+ref.String(), r.saw(d.call(ctx, ref)), want)
		}))
	}
	return errors.Join(errs...)
}

func isolationZero(ctx context.Context, r *Rig) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	var errs []error
	for _, d := range doors(r) {
		if d.zero {
			continue
		}
		errs = append(errs, r.untouched(func() error {
			return refused(d.name+" with an empty reference", r.saw(d.call(ctx, parvis.Ref{})), parvis.ErrInvalid)
		}))
	}
	return errors.Join(errs...)
}

func isolationAttempt(ctx context.Context, r *Rig) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	other := r.Account.Account()
	other.Client = stranger
	return r.untouched(func() error {
		_, err := publish.Reconcile(ctx, r.publisher(), publish.Attempt{Account: other, Draft: r.draft("Open " + mark())})
		return refused("publish.Reconcile of another client's attempt", r.saw(err), parvis.ErrForeignClient)
	})
}

// isolationMarked collects references wherever the provider hands some out.
func isolationMarked(ctx context.Context, r *Rig) error {
	refs := map[string]parvis.Ref{"the account": r.Account.Account().Ref()}
	if r.publisher() != nil {
		post, _, err := r.post(ctx)
		if err != nil {
			return err
		}
		refs["a post"], refs["its author"], refs["its place"] = post.Ref, post.Author.Ref, post.Place.Ref
		if canGet(ctx, r) == nil {
			got, err := publish.Get(ctx, r.publisher(), post.Ref)
			if r.saw(err) != nil {
				return err
			}
			refs["a post read back"] = got.Ref
		}
	}
	if r.listener() != nil && r.Say != nil {
		_, word, err := r.answer(ctx, "When?")
		if err != nil {
			return err
		}
		evs, err := r.gather(listen.To(ctx, r.listener(), everything()), word)
		if err != nil {
			return err
		}
		for _, ev := range evs {
			refs["an event"], refs["its parent"], refs["its root"] = ev.Ref, ev.Parent, ev.Root
			refs["its author"], refs["its place"] = ev.Author.Ref, ev.Place.Ref
		}
	}
	a := r.Account.Account()
	var errs []error
	for what, ref := range refs {
		if !ref.IsZero() && (ref.Client != a.Client || ref.Network != a.Network || a.Owns(ref) != nil) {
			errs = append(errs, fmt.Errorf("%s is handed out as %+v, by the account %+v", what, ref, a))
		}
	}
	return errors.Join(errs...)
}
