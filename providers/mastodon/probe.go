package mastodon

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

var _ providers.Prober = (*Client)(nil)

// Probe tells how the account is, by asking the server who it is. A token that was revoked
// is [providers.Lost]; a login that was frozen, and scopes or permissions that are missing,
// make the account [providers.Limited]; a server that fails, answers with a page or asks to
// wait is [providers.Unreachable]. API is the version that the server gives itself.
//
// https://docs.joinmastodon.org/methods/accounts/#verify_credentials
func (c *Client) Probe(ctx context.Context) (providers.Health, error) {
	h := providers.Health{Account: c.Account(), Condition: providers.Healthy, Time: time.Now()}
	me, err := c.api.Verify(ctx)
	if err == nil && me.ID == "" {
		err = &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server does not say who the account is", Help: "check the address of the server"}
	}
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	t, terr := c.cfg.Tokens.Token(ctx)
	if terr == nil {
		h.Expiry = oauth.MustAct(t)
	}
	s := &self{Me: me, scopes: t.Scopes}
	if err == nil {
		h.Account.ID, h.Account.Handle, h.Account.Name = me.ID, me.Acct, me.DisplayName
	}
	if s.scopes == nil && (err == nil || errors.Is(err, parvis.ErrPermission)) {
		if app, aerr := c.api.App(ctx); aerr == nil && len(app.Scopes) > 0 {
			s.scopes = app.Scopes
		}
	}
	h.Granted, h.Lacks = s.scopes, c.lacks(s)
	if len(h.Lacks) > 0 {
		h.Condition, h.Why = providers.Limited, "scopes or permissions are missing"
		h.Help = "connect the account again and grant " + scopesOf(h.Lacks)
	}
	if err != nil && !scopeOnly(err) {
		return oauth.Diagnose(h, err), nil
	}
	if in, ierr := c.info(ctx); ierr == nil {
		h.API = in.Version
	}
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	return oauth.Expiring(h), nil
}

// scopeOnly reports whether a refusal is about the one scope that the question takes, so
// that the token is alive.
func scopeOnly(err error) bool {
	e, ok := errors.AsType[*parvis.Error](err)
	return ok && e.Code == parvis.ErrPermission && strings.Contains(strings.ToLower(e.Vendor), "scope")
}

// lacks are the scopes that are missing, and the permissions of the role that admin scopes
// are of no use without.
func (c *Client) lacks(s *self) []providers.Lack {
	lacks := Manifest().Lacking(s.scopes, covers)
	if s.scopes == nil || s.Role == nil {
		return lacks
	}
	for _, need := range []struct {
		scope string
		p     permission
	}{{"admin:read:accounts", manageUsers}, {"admin:read:reports", manageReports}} {
		if s.has(need.scope) && !s.may(need.p) {
			lacks = append(lacks, providers.Lack{Scope: "the role permission " + need.p.String(), Powers: []string{"moderate", "moderate.pending"}})
		}
	}
	return lacks
}

func scopesOf(lacks []providers.Lack) string {
	var all []string
	for _, l := range lacks {
		all = append(all, l.Scope)
	}
	return strings.Join(all, ", ")
}
