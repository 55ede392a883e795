package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
)

// Code is the flow of OAuth 2 with an authorization code, with PKCE S256 where the network
// knows it. It is a [providers.Flow], [providers.Refresher], [providers.Revoker] and
// [providers.Coverer].
//
// https://www.rfc-editor.org/rfc/rfc6749#section-4.1
// https://www.rfc-editor.org/rfc/rfc7636
type Code struct {
	// Manifest describes the network; its scopes are asked for, by power.
	Manifest providers.Manifest
	// Name names the flow; the network if empty. Way is "OAuth" if empty.
	Name, Way string
	// App is the application, as the network knows it.
	App App
	// Server is what the network documents.
	Server Server
	// Scopes are asked for whatever the powers: those that say who the account is, or
	// that make the grant last.
	Scopes []string
	// List lists the accounts of a token.
	List Lister
	// Cover tells which scopes include others; nil compares names.
	Cover func(granted []string, needed string) bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var (
	_ providers.Flow      = (*Code)(nil)
	_ providers.Refresher = (*Code)(nil)
	_ providers.Revoker   = (*Code)(nil)
	_ providers.Coverer   = (*Code)(nil)
)

// The keys of [providers.Step].Keep.
const (
	keepVerifier = "verifier"
	keepRedirect = "redirect"
	keepScope    = "scope"
	keepToken    = "token"
	keepSecret   = "secret"
)

// Form describes the network. There is nothing to fill in.
func (c *Code) Form() providers.Form {
	return providers.Form{
		Manifest: c.Manifest, Way: cmp.Or(c.Way, "OAuth"), Name: cmp.Or(c.Name, string(c.Manifest.Network)),
	}
}

func (c *Code) wire() *wire {
	return newWire(parvis.Account{Network: c.Manifest.Network}, c.Options)
}

// Start makes the address of the network's page. It calls nobody. Without an application,
// a state or a usable redirect address it gives [parvis.ErrInvalid].
func (c *Code) Start(_ context.Context, in providers.Input) (providers.Step, error) {
	w := c.wire()
	if err := checkStart(w, c.App, c.Server, in); err != nil {
		return providers.Step{}, err
	}
	scopes, err := wanted(w, c.Manifest, c.Scopes, in.Powers)
	if err != nil {
		return providers.Step{}, err
	}
	conf := oauth2.Config{ClientID: c.App.ID, Endpoint: c.Server.Endpoint, RedirectURL: in.Callback, Scopes: scopes}
	keep := map[string]string{keepRedirect: in.Callback, keepScope: strings.Join(scopes, " ")}
	var opts []oauth2.AuthCodeOption
	if !c.Server.NoPKCE {
		keep[keepVerifier] = oauth2.GenerateVerifier()
		opts = append(opts, oauth2.S256ChallengeOption(keep[keepVerifier]))
	}
	if sep := c.Server.ScopeSeparator; sep != "" && len(scopes) > 0 {
		opts = append(opts, oauth2.SetAuthURLParam("scope", strings.Join(scopes, sep)))
	}
	for name := range c.Server.Extra {
		opts = append(opts, oauth2.SetAuthURLParam(name, c.Server.Extra.Get(name)))
	}
	return providers.Step{URL: conf.AuthCodeURL(in.State, opts...), Keep: keep}, nil
}

// checkStart finds what can be known to be wrong before anybody is sent anywhere.
func checkStart(w *wire, app App, s Server, in providers.Input) error {
	back, err := url.Parse(in.Callback)
	switch {
	case app.ID == "":
		return w.fault("connect", parvis.ErrInvalid, "the application has no ID at this network", "register it"+s.at()+" and configure its ID and secret")
	case in.State == "":
		return w.fault("connect", parvis.ErrInvalid, "there is no state", "give a random one, and check it when the browser comes back")
	case err != nil || back.Scheme == "" || back.Host == "" || back.Fragment != "":
		return w.fault("connect", parvis.ErrInvalid, "the redirect address is not absolute, or has a fragment", "write it as https://host/path")
	}
	return nil
}

// wanted returns the scopes for the powers, those that are always needed first.
func wanted(w *wire, m providers.Manifest, always, powers []string) ([]string, error) {
	known := providers.Powers()
	for _, p := range powers {
		if !slices.Contains(known, p) {
			return nil, w.fault("connect", parvis.ErrInvalid, "there is no power called "+clean(p), "the powers are "+strings.Join(known, ", "))
		}
	}
	scopes := slices.Clone(always)
	for _, s := range m.ScopesFor(powers...) {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, nil
}

// Finish exchanges the code for a token and lists its accounts. The code is sent once: if
// no clear answer comes, the error matches [parvis.ErrUnknownOutcome], and the person must
// start again. A wrong redirect address, ID or secret gives [parvis.ErrInvalid], a person
// who declines [parvis.ErrPermission], a code that is used up or too old [parvis.ErrAuth].
func (c *Code) Finish(ctx context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	w := c.wire()
	code, err := c.Server.callback(w, back, s.Keep[keepRedirect])
	if err != nil {
		return providers.Grant{}, err
	}
	requested := splitScopes(s.Keep[keepScope])
	t, err := c.exchange(ctx, w, s, code)
	if err != nil {
		return providers.Grant{}, err
	}
	t.Scopes = cmpScopes(t.Scopes, requested)
	return c.list(ctx, w, t)
}

func cmpScopes(told, requested []string) []string {
	if told == nil {
		return requested
	}
	return told
}

// exchange turns the code into a token.
func (c *Code) exchange(ctx context.Context, w *wire, s providers.Step, code string) (parvis.Token, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.Keep[keepRedirect]}}
	if v := s.Keep[keepVerifier]; v != "" {
		form.Set("code_verifier", v)
	}
	k := call{op: "connect", errors: c.Server.refuse(exchanging, s.Keep[keepRedirect]), secrets: values(s.Keep, code)}
	a, err := c.token(ctx, w, form, k)
	if err != nil {
		return parvis.Token{}, restart(err)
	}
	now := time.Now()
	if c.Server.LongLived == nil {
		return c.Server.token(a, nil, now), nil
	}
	return c.lengthen(ctx, w, a)
}

// restart says what to do about a code that may be spent.
func restart(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Code != parvis.ErrUnknownOutcome {
		return err
	}
	c := *e
	c.Help = "start connecting again: the code may be spent, and serves once"
	return &c
}

// values are the secrets that a step keeps, and more of them.
func values(keep map[string]string, more ...string) []string {
	for _, name := range []string{keepVerifier, keepToken, keepSecret} {
		more = append(more, keep[name])
	}
	return more
}

// token asks the token endpoint, once.
func (c *Code) token(ctx context.Context, w *wire, form url.Values, k call) (answer, error) {
	k.method, k.url, k.form, k.once = http.MethodPost, c.Server.Endpoint.TokenURL, form, true
	c.authenticate(&k)
	resp, err := w.do(ctx, k, nil)
	if err != nil {
		return answer{}, err
	}
	return parseOr(w, k.op, resp)
}

// parseOr parses a good answer. One that cannot be read may have spent what was sent.
func parseOr(w *wire, op string, resp *httpx.Response) (answer, error) {
	a, err := parseAnswer(resp.Body)
	if err == nil {
		return a, nil
	}
	e := w.fault(op, parvis.ErrUnknownOutcome, "the answer of the token endpoint cannot be read", "check the address of the token endpoint")
	e.Status, e.Err = resp.Status, err
	return answer{}, e
}

// authenticate shows who the application is (RFC 6749, section 2.3.1).
func (c *Code) authenticate(k *call) {
	switch {
	case c.App.Secret == "":
		k.form.Set("client_id", c.App.ID)
	case c.Server.Endpoint.AuthStyle == oauth2.AuthStyleInParams:
		k.form.Set("client_id", c.App.ID)
		k.form.Set("client_secret", c.App.Secret)
	default:
		id, secret := url.QueryEscape(c.App.ID), url.QueryEscape(c.App.Secret)
		k.auth = func(_ context.Context, r *http.Request) error {
			r.SetBasicAuth(id, secret)
			return nil
		}
	}
	k.secrets = append(k.secrets, c.App.Secret)
}

// list asks whose token it is.
func (c *Code) list(ctx context.Context, w *wire, t parvis.Token) (providers.Grant, error) {
	if c.List == nil {
		return providers.Grant{}, w.fault("connect", parvis.ErrInvalid, "the flow has no function that lists accounts", "set List")
	}
	g, err := c.List(ctx, &w.options, t)
	if err != nil {
		return providers.Grant{}, parvis.In(err, w.account, "connect", parvis.ErrUnavailable)
	}
	fill(&g, t, c.Manifest.Network)
	w.note(&g)
	if t.Refresh == "" && !t.Expiry.IsZero() {
		g.Notes = append(g.Notes, "The network gave nothing to renew this connection with: it ends on "+
			t.Expiry.UTC().Format("2006-01-02 15:04 MST")+", and somebody must connect again by then.")
	}
	return g, nil
}

// fill completes a grant with what its lister left out.
func fill(g *providers.Grant, t parvis.Token, n parvis.Network) {
	for i := range g.Choices {
		ch := &g.Choices[i]
		if ch.Token.Value == "" {
			ch.Token = t
		}
		if ch.Account.Network == "" {
			ch.Account.Network = n
		}
	}
	if g.Scopes == nil {
		g.Scopes = t.Scopes
	}
}

// Covers reports whether the granted scopes include the one needed.
func (c *Code) Covers(granted []string, needed string) bool {
	if c.Cover != nil {
		return c.Cover(granted, needed)
	}
	return slices.Contains(granted, needed)
}
