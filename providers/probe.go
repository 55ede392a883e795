package providers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// Probe finds out how an account is. What it finds is in Health, a failure too.
//
// A p that is no [Prober] is asked what it can do, by the Supporter of the first verb that
// has one: that shows failures and missing scopes as far as the network looks at the token
// for it, and neither expiry nor API version.
//
// The error is ctx's, or matches [parvis.ErrUnsupported] if p can be asked nothing.
func Probe(ctx context.Context, p Provider) (Health, error) {
	var h Health
	var err error
	if prober, ok := parvis.As[Prober](p); ok {
		h, err = prober.Probe(ctx)
	} else {
		h, err = askSupport(ctx, p)
	}
	if ctx.Err() != nil {
		return Health{}, ctx.Err()
	}
	if err != nil {
		return Health{}, err
	}
	if h.Account == (parvis.Account{}) {
		h.Account = p.Account()
	}
	if h.Time.IsZero() {
		h.Time = time.Now()
	}
	return h, nil
}

// askSupport is the probe of accounts that have none.
func askSupport(ctx context.Context, p Provider) (Health, error) {
	a := p.Account()
	var missing []string
	var err error
	if s, ok := parvis.As[publish.Supporter](p); ok {
		var sup publish.Support
		sup, err = s.PublishSupport(ctx, parvis.Place{})
		missing = sup.MissingScopes
	} else if s, ok := parvis.As[listen.Supporter](p); ok {
		var sup listen.Support
		sup, err = s.ListenSupport(ctx, parvis.Place{})
		missing = sup.MissingScopes
	} else if s, ok := parvis.As[moderate.Supporter](p); ok {
		var sup moderate.Support
		sup, err = s.ModerateSupport(ctx, parvis.Place{})
		missing = sup.MissingScopes
	} else {
		return Health{}, parvis.Unsupported(a, "probe", "the provider can be asked nothing")
	}
	h := HealthOf(a, err)
	if err == nil && len(missing) > 0 {
		h.Condition, h.Why, h.Help = Limited, "scopes are missing", "connect the account again and grant them"
		for _, s := range missing {
			h.Lacks = append(h.Lacks, Lack{Scope: s})
		}
	}
	return h, nil
}

// HealthOf is what the outcome of a call says about an account: nil is [Healthy],
// [parvis.ErrAuth] is [Lost], [parvis.ErrPermission] is [Limited],
// [parvis.ErrAPIVersionRetired] is [Outdated], and any other error [Unreachable].
func HealthOf(a parvis.Account, err error) Health {
	h := Health{Account: a, Condition: Healthy, Time: time.Now()}
	if err == nil {
		return h
	}
	h.Code, h.Condition, h.Why = parvis.CodeOf(err), Unreachable, "the network gave no answer"
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		h.Why, h.Help = cmp.Or(e.Message, string(e.Code)), e.Help
	}
	switch h.Code {
	case parvis.ErrAuth:
		h.Condition, h.Help = Lost, cmp.Or(h.Help, "connect the account again")
	case parvis.ErrPermission:
		h.Condition, h.Help = Limited, cmp.Or(h.Help, "connect the account again and grant what is asked for")
	case parvis.ErrAPIVersionRetired:
		h.Condition, h.Help = Outdated, cmp.Or(h.Help, "update the program, or configure a later version of the API")
	}
	return h
}

// differs reports whether h is news to somebody who knows the other. Clocks that disagree
// by seconds make no new expiry.
func (h Health) differs(from Health) bool {
	if h.Condition != from.Condition || h.Expiry.IsZero() != from.Expiry.IsZero() || h.Expiry.Sub(from.Expiry).Abs() > time.Minute {
		return true
	}
	return !slices.Equal(lackNames(h.Lacks), lackNames(from.Lacks))
}

func lackNames(lacks []Lack) []string {
	var names []string
	for _, l := range lacks {
		names = append(names, l.Scope)
	}
	slices.Sort(names)
	return names
}
