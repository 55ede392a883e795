package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
)

// Refresh renews t; see [providers.Refresher] for the errors. It sends one request, which
// is never repeated: where refresh tokens serve once, the caller must save what comes
// before it uses it, and find out after [parvis.ErrUnknownOutcome].
//
// https://www.rfc-editor.org/rfc/rfc6749#section-6
func (c *Code) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	w := newWire(a, c.Options)
	if w.account.Network == "" {
		w.account.Network = c.Manifest.Network
	}
	if c.Server.LongLived != nil {
		return c.prolong(ctx, w, t)
	}
	if t.Refresh == "" {
		return parvis.Token{}, w.fault("refresh", parvis.ErrAuth, "the network gave nothing to renew this token with", "connect the account again")
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh}}
	k := call{op: "refresh", errors: c.Server.refuse(refreshing, ""), secrets: secretsOf(t)}
	ans, err := c.token(ctx, w, form, k)
	if err != nil {
		return parvis.Token{}, onlyDocumented(err)
	}
	return renewed(t, c.Server.token(ans, nil, time.Now()), ans.scopes != nil), nil
}

// onlyDocumented keeps to the codes that [providers.Refresher] names: whatever else a
// server answers is no reason to give an account up.
func onlyDocumented(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	c := *e
	switch e.Code {
	case parvis.ErrNotFound, parvis.ErrUnsupported, parvis.ErrConflict, parvis.ErrPermission:
		c.Code, c.Help = parvis.ErrInvalid, "check the address of the token endpoint"
	case parvis.ErrBadAnswer:
		c.Code = parvis.ErrUnknownOutcome
	default:
		return err
	}
	return &c
}

// secretsOf are the secrets of a token.
func secretsOf(t parvis.Token) []string {
	all := []string{t.Value, t.Refresh}
	for _, key := range []string{ExtraSecret} {
		all = append(all, t.Extra[key])
	}
	return all
}

// Revoke ends t at the network, the refresh token first: a server that ends it ends the
// access tokens too. Where the network has no such endpoint, it gives
// [parvis.ErrUnsupported] with what the person can do.
//
// https://www.rfc-editor.org/rfc/rfc7009
func (c *Code) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	w := newWire(a, c.Options)
	if w.account.Network == "" {
		w.account.Network = c.Manifest.Network
	}
	if c.Server.RevokeURL == "" {
		return w.fault("revoke", parvis.ErrUnsupported, "the network offers no way to end a token", "the person can take the access back in the settings of their account there")
	}
	for _, one := range []string{t.Refresh, t.Value} {
		if one == "" {
			continue
		}
		form := url.Values{"token": {one}}
		k := call{
			op: "revoke", method: http.MethodPost, url: c.Server.RevokeURL, form: form, safe: true,
			errors: c.Server.refuse(revoking, ""), secrets: secretsOf(t),
		}
		c.authenticate(&k)
		if _, err := w.do(ctx, k, nil); err != nil && !goneAlready(err) {
			return err
		}
	}
	return nil
}

// goneAlready reports whether a server refused to revoke what it does not know. RFC 7009
// asks for 200 then; Google answers 400 invalid_token.
func goneAlready(err error) bool {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return false
	}
	code := refusalCode(e.Vendor)
	return code == "invalid_token" || code == "invalid_grant" || e.Code == parvis.ErrAuth
}
