package bluesky

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Refresh renews a session. The server gives the same answer again for two hours after a
// refresh, so that a lost answer spends nothing: it is [parvis.ErrUnavailable], and the
// same token may be tried again. A session that has ended for good is begun anew if the
// password was kept, and else [parvis.ErrAuth].
//
// https://docs.bsky.app/docs/api/com-atproto-server-refresh-session
func (f *PasswordFlow) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	fresh, err := f.refresh(ctx, a, t)
	if secret := t.Extra[extraPassword]; secret != "" && errors.Is(err, parvis.ErrAuth) {
		fresh, err = f.again(ctx, t, secret)
	}
	return fresh, parvis.In(err, a, "refresh", parvis.ErrUnavailable)
}

func (f *PasswordFlow) refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	if t.Refresh == "" {
		return parvis.Token{}, ended("there is no session to renew", nil)
	}
	id := identityOf(a, t)
	var out api.Login
	err := f.call(ctx, id, httpx.Request{
		Method: http.MethodPost, Endpoint: "com.atproto.server.refreshSession", Op: "refresh", Safe: true,
		Header: http.Header{"Authorization": {"Bearer " + t.Refresh}},
	}, &out)
	e, _ := errors.AsType[*parvis.Error](err)
	switch {
	case err == nil && (out.Access == "" || out.DID != id.DID && id.DID != ""):
		return parvis.Token{}, &parvis.Error{Code: parvis.ErrUnavailable, Message: "the server answered with no session", Help: "try again later"}
	case err == nil:
		return f.token(out, t), nil
	case e != nil && e.Code == parvis.ErrAuth:
		return parvis.Token{}, ended("the session has ended", err)
	case e != nil && (e.Code == parvis.ErrUnknownOutcome || e.Code == parvis.ErrBadAnswer):
		e.Code, e.Help = parvis.ErrUnavailable, "try again later: the session can still be renewed"
	}
	return parvis.Token{}, err
}

func ended(what string, err error) error {
	return &parvis.Error{
		Code: parvis.ErrAuth, Message: what, Help: "connect the account again", Err: err, Vendor: api.Name(err),
	}
}

// again logs in with the kept password.
func (f *PasswordFlow) again(ctx context.Context, t parvis.Token, secret string) (parvis.Token, error) {
	fresh, err := f.login(ctx, login{who: t.Extra[api.ExtraDID], secret: secret, server: t.Extra[api.ExtraPDS]})
	if err != nil {
		return parvis.Token{}, err
	}
	if fresh.Extra[api.ExtraDID] != t.Extra[api.ExtraDID] {
		return parvis.Token{}, ended("the server logged in another account", nil)
	}
	fresh.Extra[extraPassword] = secret
	fresh.Version = t.Version
	return fresh, nil
}

func identityOf(a parvis.Account, t parvis.Token) api.Identity {
	id := api.Identity{DID: t.Extra[api.ExtraDID], Handle: t.Extra[api.ExtraHandle], PDS: t.Extra[api.ExtraPDS]}
	if id.DID == "" {
		id.DID = a.ID
	}
	return id
}

// Revoke ends the session at the server. The access token itself works until it expires,
// two hours at most.
//
// https://docs.bsky.app/docs/api/com-atproto-server-delete-session
func (f *PasswordFlow) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	if t.Refresh == "" {
		return nil
	}
	err := f.call(ctx, identityOf(a, t), httpx.Request{
		Method: http.MethodPost, Endpoint: "com.atproto.server.deleteSession", Op: "revoke", Safe: true,
		Header: http.Header{"Authorization": {"Bearer " + t.Refresh}},
	}, nil)
	if errors.Is(err, parvis.ErrAuth) {
		return nil // it is gone already
	}
	return parvis.In(err, a, "revoke", parvis.ErrUnavailable)
}

// loginError says what to do about a login that was refused.
func loginError(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	switch {
	case api.Name(e) == "AuthenticationRequired":
		e.Message = "the handle or the app password is wrong"
		e.Help = "check both; an app password that was deleted in the settings of the account no longer works"
	case e.Code == parvis.ErrUnknownOutcome, e.Code == parvis.ErrBadAnswer:
		e.Code, e.Help = parvis.ErrUnavailable, "try again later" // a session that nobody knows does no harm
	}
	return err
}

// withScheme adds https to what people type as a server.
func withScheme(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	if s != "" && !strings.Contains(s, "://") {
		s = "https://" + s
	}
	return s
}
