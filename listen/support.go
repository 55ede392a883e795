package listen

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
)

// Delivery is the ways in which events come. Ways are bits.
type Delivery uint8

// The ways of delivery.
const (
	Poll    Delivery = 1 << iota // the provider asks the network again and again
	Push                         // the network keeps a connection open
	Webhook                      // the network calls the application; see [Webhooks]
)

// Support says what an account can hear in one place. [SupportOf] sets to no whatever
// the provider's interfaces cannot do.
type Support struct {
	// Kinds are those that Listen delivers.
	Kinds Kind `json:"kinds"`
	// Delivery is how they come, and Every how often a polled network is asked by default.
	Delivery Delivery      `json:"delivery"`
	Every    time.Duration `json:"every,omitempty"`
	// Resume tells whether a cursor still leads to everything after it; partly means
	// that the network forgets, as Why says.
	Resume parvis.Support `json:"resume"`
	// Further powers.
	History  parvis.Support `json:"history"`
	Search   parvis.Support `json:"search"`
	Webhooks parvis.Support `json:"webhooks"`
	Members  parvis.Support `json:"members"`
	// MissingScopes are those that the account was not granted.
	MissingScopes []string `json:"missing_scopes,omitempty"`
}

// A Supporter gives the degrees of what a provider can hear in a place. Every provider
// should be one.
type Supporter interface {
	// ListenSupport may call the network (once, then remember). A zero place is wherever the account hears.
	ListenSupport(ctx context.Context, place parvis.Place) (Support, error)
}

// SupportOf returns what p can hear in place: what the provider says, narrowed to the
// interfaces that it has.
func SupportOf(ctx context.Context, p Listener, place parvis.Place) (Support, error) {
	a := p.Account()
	if err := a.Owns(place.Ref); err != nil {
		return Support{}, parvis.In(err, a, "ask for support", parvis.ErrInvalid)
	}
	sup, err := supportFor(ctx, p, place)
	return sup, parvis.In(err, a, "ask for support", parvis.ErrUnavailable)
}

func supportFor(ctx context.Context, p Listener, place parvis.Place) (Support, error) {
	s, ok := parvis.As[Supporter](p)
	if !ok {
		return Support{}, parvis.Unsupported(p.Account(), "ask for support", "the provider does not say what it supports")
	}
	sup, err := s.ListenSupport(ctx, place)
	if err != nil {
		return Support{}, err
	}
	narrow[History](p, &sup.History)
	narrow[Searcher](p, &sup.Search)
	narrow[Webhooks](p, &sup.Webhooks)
	narrow[Members](p, &sup.Members)
	if !sup.Webhooks.OK() {
		sup.Delivery &^= Webhook
	}
	return sup, nil
}

// narrow sets s to no if p lacks the power T.
func narrow[T any](p any, s *parvis.Support) {
	if _, ok := parvis.As[T](p); !ok {
		*s = parvis.Support{Why: s.Why}
	}
}
