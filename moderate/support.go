package moderate

import (
	"context"
	"slices"

	"github.com/parvis-go/parvis"
)

// An Ability says that one action can be done to some kinds of things.
type Ability struct {
	Do Do            `json:"do"`
	On []parvis.Kind `json:"on"`
	parvis.Support
	// Undo tells that the network can take it back.
	Undo bool `json:"undo,omitempty"`
	// Labels are the labels of DoLabel; empty means any.
	Labels []string `json:"labels,omitempty"`
	// Expires tells that Action.Until is kept by the network.
	Expires bool `json:"expires,omitempty"`
}

// Support says what an account can do in one place. [SupportOf] sets to no whatever the
// provider's interfaces cannot do.
type Support struct {
	// Actions are the abilities; an action on a kind that is not listed is a no.
	Actions []Ability `json:"actions,omitempty"`
	// Pending and Log are the further powers.
	Pending parvis.Support `json:"pending"`
	Log     parvis.Support `json:"log"`
	// MissingScopes are those that the account was not granted.
	MissingScopes []string `json:"missing_scopes,omitempty"`
}

// Can returns whether do can be done to things of the kind on, with the reason if not.
func (s Support) Can(do Do, on parvis.Kind) parvis.Support {
	refusal := parvis.Never("the network cannot " + string(do) + " a " + string(on))
	for _, a := range s.Actions {
		if a.Do != do || !slices.Contains(a.On, on) {
			continue
		}
		if a.OK() {
			return a.Support
		}
		refusal = a.Support
	}
	return refusal
}

// A Supporter gives the degrees of what a provider can do in a place. Every provider
// should be one.
type Supporter interface {
	// ModerateSupport may call the network (once, then remember). A zero place is wherever the account has a say.
	ModerateSupport(ctx context.Context, place parvis.Place) (Support, error)
}

// SupportOf returns what m can do in place: what the provider says, narrowed to the
// interfaces that it has.
func SupportOf(ctx context.Context, m Moderator, place parvis.Place) (Support, error) {
	const op = "ask for support"
	acc := m.Account()
	if err := acc.Owns(place.Ref); err != nil {
		return Support{}, parvis.In(err, acc, op, parvis.ErrInvalid)
	}
	s, ok := parvis.As[Supporter](m)
	if !ok {
		return Support{}, parvis.Unsupported(acc, op, "the provider does not say what it supports")
	}
	sup, err := s.ModerateSupport(ctx, place)
	if err != nil {
		return Support{}, parvis.In(err, acc, op, parvis.ErrUnavailable)
	}
	if _, ok := parvis.As[Pending](m); !ok {
		sup.Pending = parvis.Support{Why: sup.Pending.Why}
	}
	if _, ok := parvis.As[Log](m); !ok {
		sup.Log = parvis.Support{Why: sup.Log.Why}
	}
	return sup, nil
}
