package mastodon

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

// Flow connects accounts on any server of the family by OAuth 2. The application registers
// itself with each server, once for every redirect address, and remembers that. It is a
// [providers.Flow], [providers.Refresher], [providers.Revoker] and [providers.Coverer]. It
// must not be copied after its first use.
//
// https://docs.joinmastodon.org/spec/oauth/
// https://docs.joinmastodon.org/methods/apps/#create
type Flow struct {
	// Name is what servers call the application on the page where people are asked;
	// "parvis" if empty. Website is the address that it links to.
	Name, Website string
	// Apps remembers the registrations; nil is as long as the flow lives.
	Apps oauth.Memory
	// Local allows servers on this machine and in private networks, and http on this
	// machine. Without it and without an HTTPClient of one's own, names that lead to
	// private addresses are refused.
	Local bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options

	own  oauth.InMemory
	mu   sync.Mutex
	busy map[string]chan struct{}
}

var (
	_ providers.Flow      = (*Flow)(nil)
	_ providers.Refresher = (*Flow)(nil)
	_ providers.Revoker   = (*Flow)(nil)
	_ providers.Coverer   = (*Flow)(nil)
)

// The keys of Step.Keep and of Token.Extra.
const (
	keyServer = "server"
	keyID     = "client_id"
	keySecret = "client_secret"
	keyMeta   = "endpoints"
)

// Form asks for the server.
func (f *Flow) Form() providers.Form {
	return providers.Form{
		Manifest: Manifest(), Way: "OAuth", Name: string(Network),
		Fields: []providers.Field{{
			Name: keyServer, Label: "Server", Help: "the server that the account is on, or the account's whole address", Example: "mastodon.example",
		}},
	}
}

func (f *Flow) options() *providers.Options {
	o := providers.Options{}
	if f.Options != nil {
		o = *f.Options
	}
	if o.HTTPClient == nil && !f.Local {
		o.HTTPClient = oauth.PublicOnly()
	}
	return &o
}

// caller returns a client of the server without credentials.
func (f *Flow) caller(base string) (*httpx.Client, error) {
	o := f.options()
	return httpx.New(httpx.Config{
		Account: func() parvis.Account { return account(base) }, Base: base, Limiter: o.Limiter, Meter: o.Meter, Client: o.HTTPClient,
		Logger: o.Logger, Timeout: o.Timeout, MaxBody: cmp.Or(o.MaxAnswer, 1<<20), UserAgent: o.UserAgent, Retry: httpx.RetryPolicy(o.Retry),
	})
}

func account(base string) parvis.Account {
	_, host, _ := strings.Cut(base, "://")
	return parvis.Account{Network: Network, Host: host}
}

// Start asks the server for its endpoints, registers the application unless that is known
// already, and makes the address of the server's page. What is typed may be the name of a
// server or the address of an account. A server that leads to another one, speaks no https
// or is not of the family gives [parvis.ErrInvalid].
func (f *Flow) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	u, err := oauth.ParseAddress(in.Values[keyServer], f.Local)
	if err != nil {
		return providers.Step{}, parvis.In(err, parvis.Account{Network: Network}, "connect", parvis.ErrInvalid)
	}
	base := u.Scheme + "://" + u.Host
	if in.Callback == "" {
		return providers.Step{}, fault(base, parvis.ErrInvalid, "there is no redirect address", "give the address that the browser comes back to")
	}
	h, err := f.caller(base)
	if err != nil {
		return providers.Step{}, parvis.In(err, account(base), "connect", parvis.ErrInvalid)
	}
	at, err := discover(ctx, h, base)
	if err != nil {
		return providers.Step{}, err
	}
	app, err := f.app(ctx, h, base, in.Callback, at)
	if err != nil {
		return providers.Step{}, err
	}
	code := f.code(base, at, app)
	code.Scopes, code.Manifest.Scopes = narrowed(code.Manifest, app.Scopes)
	step, err := code.Start(ctx, in)
	if err != nil {
		return providers.Step{}, err
	}
	kept, err := json.Marshal(at)
	if err != nil {
		return providers.Step{}, fault(base, parvis.ErrBadAnswer, "the server's endpoints cannot be kept", "try again")
	}
	step.Keep[keyServer], step.Keep[keyID], step.Keep[keySecret], step.Keep[keyMeta] = base, app.ID, app.Secret, string(kept)
	return step, nil
}

func fault(base string, code parvis.Code, message, help string) *parvis.Error {
	a := account(base)
	return &parvis.Error{Op: "connect", Network: Network, Account: a.String(), Code: code, Message: message, Help: help}
}

// narrowed returns the scopes that are always asked for, and those by power, as the
// registration allows them: a scope that is not there is asked for by the one above it.
func narrowed(m providers.Manifest, registered []string) (always []string, byPower map[string][]string) {
	if always = []string{"read:accounts"}; slices.Contains(registered, "profile") {
		always = []string{"profile"}
	}
	fit := func(scopes []string) []string {
		var out []string
		for _, s := range scopes {
			if top, _, _ := strings.Cut(s, ":"); !slices.Contains(registered, s) {
				s = top
			}
			if slices.Contains(registered, s) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return out
	}
	byPower = map[string][]string{}
	for power, scopes := range m.Scopes {
		byPower[power] = fit(scopes)
	}
	return fit(always), byPower
}

// code is the generic flow with what is known of one server.
func (f *Flow) code(base string, at endpoints, app registration) *oauth.Code {
	return &oauth.Code{
		Manifest: Manifest(), App: oauth.App{ID: app.ID, Secret: app.Secret}, Options: f.options(), Cover: covers,
		Server: oauth.Server{
			Issuer: at.Issuer, IssuerRequired: at.Issuer != "" && at.IssuerIs,
			Endpoint:  oauth2.Endpoint{AuthURL: at.Authorize, TokenURL: at.Token, AuthStyle: oauth2.AuthStyleInParams},
			RevokeURL: at.Revoke, NoPKCE: !slices.Contains(at.PKCE, "S256"),
		},
		List: func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
			return whose(ctx, o, base, app, t)
		},
	}
}

// covers knows that scopes are hierarchical; see https://docs.joinmastodon.org/api/oauth-scopes/.
func covers(granted []string, needed string) bool {
	return granted != nil && (&self{scopes: granted}).has(needed)
}

// Covers reports whether the granted scopes include the one needed: "read" includes
// "read:statuses".
func (f *Flow) Covers(granted []string, needed string) bool { return covers(granted, needed) }

// whose asks the server whose token it is.
func whose(ctx context.Context, o *providers.Options, base string, app registration, t parvis.Token) (providers.Grant, error) {
	c, err := New(Config{Server: base, Tokens: oneToken{t}}, o)
	if err != nil {
		return providers.Grant{}, err
	}
	me, err := c.api.Verify(ctx)
	if err == nil && me.ID == "" {
		err = &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server does not say who the account is", Help: "try again later"}
	}
	if err != nil {
		return providers.Grant{}, parvis.In(err, c.Account(), "connect", parvis.ErrUnavailable)
	}
	t.Extra[keyServer], t.Extra[keyID], t.Extra[keySecret] = base, app.ID, app.Secret
	a := c.Account()
	a.ID, a.Handle, a.Name = me.ID, me.Acct, me.DisplayName
	return providers.Grant{Choices: []providers.Choice{{Account: a, Token: t, Type: "profile", URL: me.URL, Avatar: me.Avatar}}}, nil
}

// oneToken is a source of one token.
type oneToken struct{ t parvis.Token }

// Token returns the token.
func (o oneToken) Token(context.Context) (parvis.Token, error) { return o.t, nil }

// Finish exchanges the code, and asks the server who the account is. The token keeps what
// [Flow.Revoke] needs. Its errors are those of [oauth.Code.Finish].
func (f *Flow) Finish(ctx context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	var at endpoints
	base := s.Keep[keyServer]
	if err := json.Unmarshal([]byte(s.Keep[keyMeta]), &at); err != nil || base == "" {
		return providers.Grant{}, fault(base, parvis.ErrInvalid, "the step is not one of this flow", "start connecting again")
	}
	return f.code(base, at, registration{ID: s.Keep[keyID], Secret: s.Keep[keySecret]}).Finish(ctx, s, back)
}

// again is the generic flow for a token that this flow has connected.
func (f *Flow) again(a parvis.Account, t parvis.Token, op string) (*oauth.Code, error) {
	base := t.Extra[keyServer]
	if base == "" || t.Extra[keyID] == "" {
		e := fault("://"+a.Host, parvis.ErrInvalid, "the token was not connected by this flow", "connect the account again")
		e.Op = op
		return nil, e
	}
	usual := endpoints{Token: base + "/oauth/token", Revoke: base + "/oauth/revoke"}
	return f.code(base, usual, registration{ID: t.Extra[keyID], Secret: t.Extra[keySecret]}), nil
}

// Refresh renews the tokens of servers whose tokens end, such as Pleroma's. Mastodon's do
// not. Its errors are those of [oauth.Code.Refresh].
func (f *Flow) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	c, err := f.again(a, t, "refresh")
	if err != nil {
		return parvis.Token{}, err
	}
	return c.Refresh(ctx, a, t)
}

// Revoke ends the token at the server.
//
// https://docs.joinmastodon.org/methods/oauth/#revoke
func (f *Flow) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	c, err := f.again(a, t, "revoke")
	if err != nil {
		return err
	}
	return c.Revoke(ctx, a, t)
}
