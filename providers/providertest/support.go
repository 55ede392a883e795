package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

func supportCases() []Case {
	return []Case{{
		Name:        "support/honest",
		Explanation: "A provider never says yes, or partly, to a power whose interface it lacks.",
		Run:         supportHonest,
	}, {
		Name:        "support/filled",
		Explanation: "A power whose interface is there is a yes, or a no or partly with the reason in Why or Scope.",
		Run:         supportFilled,
	}, {
		Name:        "support/sound",
		Explanation: "Degrees make sense: listened kinds and a way of delivery are named, actions are of the vocabulary and name what they are done to, and only what has an inverse can be undone.",
		Run:         supportSound,
	}, {
		Name:        "support/remembered",
		Explanation: "Degrees are asked of the network once and then remembered, so that checking a draft costs no call.",
		Applies:     needs(when(func(r *Rig) bool { return r.Calls != nil }, "the rig does not count calls (Calls is nil)")),
		Run:         supportRemembered,
	}, {
		Name:        "support/no",
		Explanation: "Every power that Support says no to gives ErrUnsupported, or ErrPermission if a scope is missing, and the network is not called.",
		Run:         supportNo,
	}, {
		Name:        "support/kinds",
		Explanation: "A query for a kind of event that the account cannot hear is refused with ErrUnsupported, and the network is not called.",
		Applies: needs(listening("not hearing some kind", func(s listen.Support) bool {
			return everyKind()&^s.Kinds != 0
		})),
		Run: supportKinds,
	}}
}

// degrees are what the provider itself says, by the names of [providers.Powers]. Of the
// powers that have no degree of their own there is no entry.
func (r *Rig) degrees(ctx context.Context) (map[string]parvis.Support, error) {
	said := make(map[string]parvis.Support)
	if p, ok := parvis.As[publish.Supporter](r.Account); ok {
		s, err := p.PublishSupport(ctx, parvis.Place{})
		if r.saw(err) != nil {
			return nil, fmt.Errorf("PublishSupport failed: %w", err)
		}
		said["publish.get"], said["publish.edit"], said["publish.delete"] = s.Get, s.Edit, s.Delete
		said["publish.trash"], said["publish.react"], said["publish.schedule"] = s.Trash, s.React, s.Schedule.Support
		said["publish.reconcile"], said["publish.metrics"] = s.Reconcile, s.Metrics
		said["publish.places"], said["publish.place-edit"] = s.Places, s.PlaceEdit
	} else if r.publisher() != nil {
		return nil, errors.New("the provider publishes, and does not implement publish.Supporter")
	}
	if l, ok := parvis.As[listen.Supporter](r.Account); ok {
		s, err := l.ListenSupport(ctx, parvis.Place{})
		if r.saw(err) != nil {
			return nil, fmt.Errorf("ListenSupport failed: %w", err)
		}
		said["listen.history"], said["listen.search"] = s.History, s.Search
		said["listen.webhooks"], said["listen.members"] = s.Webhooks, s.Members
	} else if r.listener() != nil {
		return nil, errors.New("the provider listens, and does not implement listen.Supporter")
	}
	if m, ok := parvis.As[moderate.Supporter](r.Account); ok {
		s, err := m.ModerateSupport(ctx, parvis.Place{})
		if r.saw(err) != nil {
			return nil, fmt.Errorf("ModerateSupport failed: %w", err)
		}
		said["moderate.pending"], said["moderate.log"] = s.Pending, s.Log
	} else if r.moderator() != nil {
		return nil, errors.New("the provider moderates, and does not implement moderate.Supporter")
	}
	return said, nil
}

// described is one problem for each power that wrong selects.
func (r *Rig) described(ctx context.Context, format string, wrong func(has bool, s parvis.Support) bool) error {
	said, err := r.degrees(ctx)
	if err != nil {
		return err
	}
	have := providers.Describe(r.Account)
	var errs []error
	for _, power := range providers.Powers() {
		s, ok := said[power]
		if ok && wrong(slices.Contains(have, power), s) {
			errs = append(errs, fmt.Errorf(format, power, s))
		}
	}
	return errors.Join(errs...)
}

func supportHonest(ctx context.Context, r *Rig) error {
	return r.described(ctx, "%s is %v, and the interface is not there",
		func(has bool, s parvis.Support) bool { return !has && s.OK() })
}

func supportFilled(ctx context.Context, r *Rig) error {
	return r.described(ctx, "the interface of %s is there, and its degree is %v without a reason",
		func(has bool, s parvis.Support) bool {
			return has && s.Level != parvis.Yes && s.Why == "" && s.Scope == ""
		})
}

func supportSound(ctx context.Context, r *Rig) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if l := r.listener(); l != nil {
		s, err := listen.SupportOf(ctx, l, parvis.Place{})
		if r.saw(err) != nil {
			return err
		}
		if s.Kinds == 0 || s.Delivery == 0 {
			bad("listening names the kinds %q and the deliveries %d, want some of each", s.Kinds, s.Delivery)
		}
	}
	if m := r.moderator(); m != nil {
		s, err := moderate.SupportOf(ctx, m, parvis.Place{})
		if r.saw(err) != nil {
			return err
		}
		if len(s.Actions) == 0 && len(s.MissingScopes) == 0 {
			bad("moderating names no action, and no scope that is missing")
		}
		for _, a := range s.Actions {
			switch {
			case !slices.Contains(moderate.Dos(), a.Do):
				bad("the action %q is not of the vocabulary", a.Do)
			case len(a.On) == 0:
				bad("the action %q does not say what it is done to", a.Do)
			case a.Undo && a.Do.Inverse() == "" && a.Do != moderate.DoReject && a.Do != moderate.DoPurge:
				bad("the action %q can be undone, and has no inverse", a.Do)
			}
		}
	}
	return errors.Join(errs...)
}

func supportRemembered(ctx context.Context, r *Rig) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	return r.untouched(func() error { return r.warm(ctx) })
}

// supportNo tries every door whose power is a no. Doors that need a reference get one
// of the account's own network that leads nowhere.
func supportNo(ctx context.Context, r *Rig) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	said, err := r.degrees(ctx)
	if err != nil {
		return err
	}
	have := providers.Describe(r.Account)
	var errs []error
	for _, d := range doors(r) {
		if s, ok := said[d.power]; !ok || slices.Contains(have, d.power) && s.OK() {
			continue
		}
		errs = append(errs, r.untouched(func() error {
			err := r.saw(d.call(ctx, r.nowhere(d.kind)))
			return refused(d.name, err, parvis.ErrUnsupported, parvis.ErrPermission)
		}))
	}
	return errors.Join(errs...)
}

// nowhere is a well-formed reference of the account's own network to something that is not there.
func (r *Rig) nowhere(k parvis.Kind) parvis.Ref {
	a := r.Account.Account()
	return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: k, ID: "1"}
}

// everyKind is the set of all kinds of events that a query can ask for.
func everyKind() listen.Kind {
	return listen.Post | listen.Reply | listen.Comment | listen.Mention | listen.Message | listen.Reaction |
		listen.Follow | listen.Review | listen.Report | listen.Edit | listen.Delete
}

func supportKinds(ctx context.Context, r *Rig) error {
	sup, err := listen.SupportOf(ctx, r.listener(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	return r.untouched(func() error {
		_, err := r.hear(ctx, listen.Query{Kinds: everyKind() &^ sup.Kinds}, mark())
		return refused("a query for kinds that cannot be heard", err, parvis.ErrUnsupported)
	})
}
