package bluesky

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// freshNonce is how old a nonce may be for a refresh: less than the time for which the
// reference server admits it, which is a minute at least.
//
// https://atproto.com/specs/oauth#demonstrating-proof-of-possession-d-po-p
const freshNonce = 50 * time.Second

// Refresh replaces both tokens. The refresh token serves once: used a second time it makes
// the server end the session. Since servers were seen to spend it before they looked at
// the nonce, a fresh nonce is fetched first, with a request that names no token.
//
// Errors are those of [providers.Refresher]; no answer to the refresh itself is
// [parvis.ErrUnknownOutcome].
//
// https://atproto.com/specs/oauth#tokens-and-session-lifetime and
// https://github.com/bluesky-social/atproto/issues/3859
func (f *Flow) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	fresh, err := f.refresh(ctx, a, t)
	return fresh, parvis.In(err, a, "refresh", parvis.ErrUnavailable)
}

func (f *Flow) refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	r, err := f.requestOf(a, t, t.Extra[extraToken])
	if err != nil {
		return parvis.Token{}, err
	}
	if t.Refresh == "" {
		return parvis.Token{}, ended("there is no refresh token", nil)
	}
	if err := f.nonce(ctx, r); err != nil {
		return parvis.Token{}, err
	}
	r.form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh}}
	var out tokens
	err = f.post(ctx, r, &out)
	switch {
	case api.Name(err) == "invalid_grant":
		return parvis.Token{}, ended("the server has ended the session", err)
	case err != nil:
		return parvis.Token{}, err
	case out.Access == "" || !strings.EqualFold(out.Type, api.TypeDPoP):
		return parvis.Token{}, &parvis.Error{
			Code: parvis.ErrUnknownOutcome, Message: "the server answered the refresh without a token", Help: "connect the account again if the next refresh fails",
		}
	case out.Sub != t.Extra[api.ExtraDID]:
		return parvis.Token{}, ended("the server answered for another account", nil)
	}
	fresh := t
	fresh.Value, fresh.Refresh, fresh.Expiry = out.Access, cmp.Or(out.Refresh, t.Refresh), out.expiry(time.Now())
	fresh.Extra = maps.Clone(t.Extra)
	if scopes := strings.Fields(out.Scope); len(scopes) > 0 {
		fresh.Scopes = scopes
	}
	return fresh, nil
}

// requestOf returns a request in the session of t.
func (f *Flow) requestOf(a parvis.Account, t parvis.Token, address string) (formRequest, error) {
	key, err := dpop.ParseKey(t.Extra[api.ExtraKey])
	if err != nil || address == "" || t.Extra[extraClient] == "" {
		return formRequest{}, &parvis.Error{
			Code: parvis.ErrAuth, Message: "the token lacks what it takes to renew it",
			Help: "connect the account again, and keep all of the token, Extra too", Err: err,
		}
	}
	return formRequest{
		address: address, issuer: t.Extra[extraIssuer], client: t.Extra[extraClient], kid: t.Extra[extraKid], key: key, account: a,
	}, nil
}

// nonce makes sure that there is a fresh nonce of the server. A refresh without a token is
// refused, and the refusal brings one.
func (f *Flow) nonce(ctx context.Context, r formRequest) error {
	origin, _, err := originOf(r.address)
	if err != nil || f.nonces.Get(nonceOrigin(origin), freshNonce) != "" {
		return err
	}
	r.form, r.kid, r.safe = url.Values{"grant_type": {"refresh_token"}}, "", true
	err = f.send(ctx, r, nil)
	e, ok := errors.AsType[*parvis.Error](err)
	switch {
	case ok && e.Status >= 400 && e.Status < 500 && e.Code != parvis.ErrRateLimited:
		err = nil // that is the refusal, of a server with nonces or without
	case ok && e.Code == parvis.ErrUnknownOutcome:
		e.Code, e.Help = parvis.ErrUnavailable, "try again later"
	}
	return err
}

// Revoke ends the session at the server.
//
// https://www.rfc-editor.org/rfc/rfc7009
func (f *Flow) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	if t.Extra[extraRevoke] == "" {
		return parvis.Unsupported(a, "revoke", "the server offers no way to end a session: it ends by itself when it is not used")
	}
	r, err := f.requestOf(a, t, t.Extra[extraRevoke])
	if err != nil {
		return parvis.In(err, a, "revoke", parvis.ErrAuth)
	}
	r.form, r.safe = url.Values{"token": {cmp.Or(t.Refresh, t.Value)}}, true
	err = f.post(ctx, r, nil)
	if api.Name(err) == "invalid_grant" || api.Name(err) == "invalid_token" {
		return nil
	}
	return parvis.In(err, a, "revoke", parvis.ErrUnavailable)
}
