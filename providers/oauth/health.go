package oauth

import (
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// Soon is how long before its end an account counts as expiring.
const Soon = 7 * 24 * time.Hour

// Diagnose completes the health h of an account by the error of the call that probed it;
// nil changes nothing. An error that matches [parvis.ErrAuth] is a lost account,
// [parvis.ErrAPIVersionRetired] an outdated one, [parvis.ErrPermission] a limited one;
// everything else says nothing about the account, which is unreachable.
func Diagnose(h providers.Health, err error) providers.Health {
	if err == nil {
		return h
	}
	h.Code, h.Why, h.Help = parvis.CodeOf(err), "the network could not be asked", ""
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		h.Why, h.Help = first(e.Message, string(e.Code)), e.Help
	}
	switch h.Code {
	case parvis.ErrAuth:
		h.Condition = providers.Lost
		h.Help = first(h.Help, "connect the account again")
	case parvis.ErrAPIVersionRetired:
		h.Condition = providers.Outdated
	case parvis.ErrPermission:
		h.Condition = providers.Limited
	default:
		h.Condition = providers.Unreachable
	}
	return h
}

// Expiring turns a healthy or limited account whose Expiry is less than [Soon] away into
// an expiring one, and one whose Expiry is over into a lost one.
func Expiring(h providers.Health) providers.Health {
	if h.Expiry.IsZero() || h.Condition != providers.Healthy && h.Condition != providers.Limited {
		return h
	}
	switch left := h.Expiry.Sub(h.Time); {
	case left <= 0:
		h.Condition, h.Code = providers.Lost, parvis.ErrAuth
		h.Why, h.Help = "the grant has ended", "connect the account again"
	case left < Soon:
		h.Condition = providers.Expiring
		h.Why, h.Help = "the grant ends on "+h.Expiry.UTC().Format("2006-01-02 15:04 MST"), "connect the account again by then"
	}
	return h
}
