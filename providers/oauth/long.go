package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// lengthen exchanges a token of an hour for a long one. It may be repeated: the short
// token goes on serving.
func (c *Code) lengthen(ctx context.Context, w *wire, short answer) (parvis.Token, error) {
	l := c.Server.LongLived
	k := call{op: "connect", url: l.ExchangeURL, errors: graphErrors, secrets: []string{short.access, c.App.Secret}}
	k.query = url.Values{"grant_type": {l.ExchangeGrant}, "client_secret": {c.App.Secret}, "access_token": {short.access}}
	resp, err := w.do(ctx, k, nil)
	if err != nil {
		return parvis.Token{}, err
	}
	long, err := parseOr(w, k.op, resp)
	if err != nil {
		return parvis.Token{}, err
	}
	if long.scopes == nil {
		long.scopes = short.scopes
	}
	long.user = first(long.user, short.user)
	return c.long(long, time.Now()), nil
}

// long makes a token that is its own refresh token.
func (c *Code) long(a answer, now time.Time) parvis.Token {
	t := c.Server.token(a, nil, now)
	t.Refresh = t.Value
	t.Extra[ExtraRefreshExpiry] = stamp(t.Expiry)
	return t
}

// prolong renews a long-lived token. A token that is too young gives
// [parvis.ErrUnavailable] with the time to wait, unless the network says that it is dead.
func (c *Code) prolong(ctx context.Context, w *wire, t parvis.Token) (parvis.Token, error) {
	l := c.Server.LongLived
	k := call{op: "refresh", method: http.MethodGet, url: l.RefreshURL, once: true, errors: graphErrors, secrets: secretsOf(t)}
	k.query = url.Values{"grant_type": {l.RefreshGrant}, "access_token": {t.Value}}
	resp, err := w.do(ctx, k, nil)
	if err != nil {
		return parvis.Token{}, onlyDocumented(w.tooYoung(w.changed(err), t, l.MinAge))
	}
	next, err := parseOr(w, k.op, resp)
	if err != nil {
		return parvis.Token{}, err
	}
	return renewed(t, c.long(next, time.Now()), next.scopes != nil), nil
}

// tooYoung explains a refusal by the age of the token.
func (w *wire) tooYoung(err error, t parvis.Token, least time.Duration) error {
	e, ok := errors.AsType[*parvis.Error](err)
	issued := moment(t.Extra[ExtraIssued])
	wait := time.Until(issued.Add(least))
	if !ok || e.Code != parvis.ErrInvalid && e.Code != parvis.ErrPermission || issued.IsZero() || wait <= 0 {
		return err
	}
	young := w.fault("refresh", parvis.ErrUnavailable, "the token is too young to be renewed", "wait; the token itself serves meanwhile")
	young.RetryAfter, young.Vendor, young.Status = wait, e.Vendor, e.Status
	return young
}

// refusalCode is the code in what refusal.vendor made.
func refusalCode(vendor string) string {
	code, _, _ := strings.Cut(vendor, ":")
	return strings.ToLower(code)
}
