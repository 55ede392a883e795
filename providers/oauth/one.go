package oauth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
)

// One is the flow of OAuth 1.0a: a request token, a visit, a verifier, an access token.
// Tokens do not expire, and have a secret in Extra[[ExtraSecret]]; [SignedBy] signs with
// them. Signatures are HMAC-SHA1; PLAINTEXT is not offered. The state travels in the query
// of the callback, since OAuth 1.0a has no parameter for it.
//
// https://www.rfc-editor.org/rfc/rfc5849#section-2
type One struct {
	// Manifest describes the network.
	Manifest providers.Manifest
	// Name names the flow; the network if empty. Way is "OAuth 1.0a" if empty.
	Name, Way string
	// App is the consumer key and its secret.
	App App
	// RequestURL, AuthorizeURL and AccessURL are the endpoints of the three steps.
	RequestURL, AuthorizeURL, AccessURL string
	// Page is where the settings of the application are, and Redirect what the setting for
	// callback addresses is called there.
	Page, Redirect string
	// List lists the accounts of a token.
	List Lister
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var _ providers.Flow = (*One)(nil)

// Form describes the network. There is nothing to fill in.
func (o *One) Form() providers.Form {
	return providers.Form{
		Manifest: o.Manifest, Way: cmp.Or(o.Way, "OAuth 1.0a"), Name: cmp.Or(o.Name, string(o.Manifest.Network)),
	}
}

func (o *One) server() Server { return Server{Page: o.Page, Redirect: o.Redirect} }

func (o *One) wire() *wire { return newWire(parvis.Account{Network: o.Manifest.Network}, o.Options) }

// Start fetches a request token. A network that does not know the callback, the key or the
// clock gives [parvis.ErrInvalid].
func (o *One) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	w := o.wire()
	if err := checkStart(w, o.App, o.server(), in); err != nil {
		return providers.Step{}, err
	}
	if o.App.Secret == "" {
		return providers.Step{}, w.fault("connect", parvis.ErrInvalid, "the consumer key has no secret", o.server().clientHelp())
	}
	callback, err := url.Parse(in.Callback)
	if err != nil {
		return providers.Step{}, w.fault("connect", parvis.ErrInvalid, "the callback is not an address", "write it as https://host/path")
	}
	q := callback.Query()
	q.Set("state", in.State)
	callback.RawQuery = q.Encode()
	answer, err := o.ask(ctx, w, o.RequestURL, Signature{App: o.App, Callback: callback.String()}, in.Callback)
	if err != nil {
		return providers.Step{}, err
	}
	token, secret := answer.Get("oauth_token"), answer.Get("oauth_token_secret")
	switch {
	case answer.Get("oauth_callback_confirmed") != "true":
		return providers.Step{}, w.fault("connect", parvis.ErrUnsupported, "the network did not confirm the callback, so that it speaks OAuth 1.0 and not 1.0a", "the older version can be abused; do not use it")
	case token == "" || secret == "":
		return providers.Step{}, w.fault("connect", parvis.ErrBadAnswer, "the network gave no request token", "try again; if it persists, check the address of the endpoint")
	}
	page, err := url.Parse(o.AuthorizeURL)
	if err != nil {
		return providers.Step{}, w.fault("connect", parvis.ErrInvalid, "the address of the network's page is wrong", "write it as https://host/path")
	}
	visit := page.Query()
	visit.Set("oauth_token", token)
	page.RawQuery = visit.Encode()
	return providers.Step{URL: page.String(), Keep: map[string]string{keepToken: token, keepSecret: secret, keepRedirect: in.Callback}}, nil
}

// Finish exchanges the verifier for an access token and lists its accounts. What came back
// for another visit is refused. A person who declines gives [parvis.ErrPermission].
func (o *One) Finish(ctx context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	w := o.wire()
	if back.Has("denied") || back.Get("error") == "access_denied" || back.Get("oauth_problem") == "user_refused" {
		return providers.Grant{}, w.fault("connect", parvis.ErrPermission, "the person declined", "start connecting again, and allow the access that is asked for")
	}
	if subtle.ConstantTimeCompare([]byte(back.Get("oauth_token")), []byte(s.Keep[keepToken])) != 1 || s.Keep[keepToken] == "" {
		return providers.Grant{}, w.fault("connect", parvis.ErrInvalid, "the browser came back from another visit", "start connecting again")
	}
	verifier := back.Get("oauth_verifier")
	if verifier == "" {
		return providers.Grant{}, w.fault("connect", parvis.ErrInvalid, "the browser came back without a verifier", "start connecting again, and do not shorten the address")
	}
	sig := Signature{App: o.App, Token: s.Keep[keepToken], TokenSecret: s.Keep[keepSecret], Verifier: verifier}
	answer, err := o.ask(ctx, w, o.AccessURL, sig, s.Keep[keepRedirect])
	if err != nil {
		return providers.Grant{}, restart(err)
	}
	t := parvis.Token{Value: answer.Get("oauth_token"), Type: "OAuth", Extra: map[string]string{
		ExtraSecret: answer.Get("oauth_token_secret"), ExtraIssued: stamp(time.Now()),
	}}
	t.Extra = with(t.Extra, ExtraUser, answer.Get("user_id"))
	if t.Value == "" || t.Extra[ExtraSecret] == "" {
		return providers.Grant{}, w.fault("connect", parvis.ErrUnknownOutcome, "the network gave no access token", "start connecting again")
	}
	return (&Code{Manifest: o.Manifest, List: o.List}).list(ctx, w, t)
}

// ask makes one signed POST and reads its form.
func (o *One) ask(ctx context.Context, w *wire, address string, s Signature, callback string) (url.Values, error) {
	s.Version = oneVersion
	resp, err := w.do(ctx, call{
		op: "connect", method: http.MethodPost, url: address, once: true, errors: o.refuse(callback),
		header:  http.Header{"Accept": {"application/x-www-form-urlencoded, */*"}},
		auth:    func(_ context.Context, r *http.Request) error { return s.Sign(r) },
		secrets: []string{s.App.Secret, s.Token, s.TokenSecret, s.Verifier},
	}, nil)
	if err != nil {
		return nil, err
	}
	answer, err := url.ParseQuery(string(resp.Body))
	if err != nil {
		return nil, w.fault("connect", parvis.ErrUnknownOutcome, "the answer of the network cannot be read", "start connecting again")
	}
	return answer, nil
}

// Codes of X beside the words of the OAuth problem reporting extension.
//
// https://docs.x.com/x-api/fundamentals/response-codes-and-errors
// https://docs.x.com/fundamentals/authentication/faq
var (
	oneClock    = []string{"135", "timestamp_refused"}
	oneCallback = []string{"415", "parameter_rejected"}
	oneDead     = []string{"89", "token_expired", "token_rejected", "token_used", "token_revoked", "verifier_invalid", "permission_denied"}
)

// refuse is the dialect of the endpoints of OAuth 1.0a.
func (o *One) refuse(callback string) func(*httpx.Response) *parvis.Error {
	return func(a *httpx.Response) *parvis.Error {
		if a.Status < 400 || a.Status >= 500 || a.Status == http.StatusTooManyRequests || a.Status == http.StatusRequestTimeout {
			return nil
		}
		r := parseRefusal(a.Body)
		e := &parvis.Error{Vendor: r.vendor(), Code: parvis.ErrInvalid, Message: "the network does not accept the application", Help: o.server().clientHelp()}
		skew, wrong := Skew(a.Header, time.Now())
		said := first(r.code, r.text)
		switch {
		case slices.Contains(oneClock, said):
			e.Message, e.Help = "the network does not accept the time of the request", "check the clock of this machine"
			if wrong {
				e.Help = ClockHelp(skew)
			}
		case wrong:
			e.Help = ClockHelp(skew)
		case slices.Contains(oneCallback, said) || strings.Contains(strings.ToLower(r.text), "callback"):
			e.Message, e.Help = "the network does not know the callback", o.server().redirectHelp(callback)
		case slices.Contains(oneDead, said):
			e.Code, e.Message, e.Help = parvis.ErrAuth, "the network no longer takes the verifier", "start connecting again"
		case isPage(a):
			e.Vendor, e.Code, e.Help = "", parvis.ErrUnavailable, "check the address, and whether a firewall stands before it"
			e.Message = "a web page came in the place of an answer"
		}
		return e
	}
}

// ExplainClock is for those who sign requests with [SignedBy] or [Signer]: if the network
// refused the credentials and the header Date of its answer shows that the clock of this
// machine is wrong, it returns an error that says so, and else err.
func ExplainClock(err error, h http.Header, now time.Time) error {
	e, ok := errors.AsType[*parvis.Error](err)
	skew, wrong := Skew(h, now)
	if !ok || !wrong || e.Code != parvis.ErrAuth && e.Code != parvis.ErrInvalid {
		return err
	}
	c := *e
	c.Code, c.Help = parvis.ErrInvalid, ClockHelp(skew)
	return &c
}
