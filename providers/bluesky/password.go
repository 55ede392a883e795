package bluesky

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"regexp"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/public"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// PasswordName is the name of [PasswordFlow] in addresses.
const PasswordName = "bluesky-password"

// A Directory says how accounts are found. Its zero value is that of the public network.
type Directory struct {
	// PLC is the directory of did:plc; empty is https://plc.directory.
	PLC string
	// Handles is a server that knows handles, such as https://public.api.bsky.app; empty asks the handle's own
	// domain, by DNS and HTTPS, as the protocol has it.
	Handles string
	// Loopback admits servers on this machine, also without TLS, for tests and
	// development. Addresses of private networks are never called.
	Loopback bool
}

func (d Directory) resolver(o *providers.Options) *api.Resolver {
	return &api.Resolver{
		HTTP: o.HTTPClient, PLC: d.PLC, Service: d.Handles, Loopback: d.Loopback, UserAgent: cmp.Or(o.UserAgent, "parvis"),
	}
}

// PasswordConfig says how accounts are connected with app passwords.
type PasswordConfig struct {
	Directory
	// KeepPassword keeps the app password in the token's Extra. With it, a session that
	// the server has ended is replaced by a new one without anybody doing anything;
	// without it the account must be connected again: after 90 days without use, or when
	// the server forgot its sessions. It is revealed to nobody but the token store.
	KeepPassword bool
}

// PasswordFlow connects accounts with an app password. Prefer [Flow], which needs no
// password at all and asks for scopes; this one serves servers and programs without a browser.
//
// The session that it obtains must be kept, as [github.com/parvis-go/parvis/providers/vault]
// does: a server admits 30 logins in five minutes and 300 a day for an account.
//
// https://atproto.com/specs/xrpc#authentication
type PasswordFlow struct {
	cfg  PasswordConfig
	opt  providers.Options
	ids  *api.Resolver
	wire httpx.Config
	// trusted tells that the server was chosen by the program, not by somebody who types.
	trusted bool
}

var (
	_ providers.Flow      = (*PasswordFlow)(nil)
	_ providers.Refresher = (*PasswordFlow)(nil)
	_ providers.Revoker   = (*PasswordFlow)(nil)
)

// NewPasswordFlow returns a flow. If o has no HTTPClient, only public addresses are
// called, whatever people type; one that is given should keep to that, too.
func NewPasswordFlow(cfg PasswordConfig, o *providers.Options) *PasswordFlow {
	if o == nil {
		o = &providers.Options{}
	}
	f := &PasswordFlow{cfg: cfg, opt: *o, ids: cfg.resolver(o), wire: transport(o)}
	f.wire.Errors = api.Verdict
	if f.wire.Client == nil {
		f.wire.Client = public.Client(cfg.Loopback)
	}
	return f
}

// Form asks for the handle, the app password and, if it cannot be found, the server.
func (f *PasswordFlow) Form() providers.Form {
	return providers.Form{
		Manifest: Manifest(), Way: "app password", Name: PasswordName,
		Fields: []providers.Field{
			{Name: "handle", Label: "Handle", Example: "name.bsky.social", Help: "the name that the profile shows after the @"},
			{
				Name: "password", Label: "App password", Example: "xxxx-xxxx-xxxx-xxxx", Secret: true,
				Help: "make one in the app under Settings, Privacy and security, App passwords; not the password of the account itself",
			},
			{Name: "server", Label: "Server", Example: "https://bsky.social", Optional: true, Help: "only if the account lives on a server that its handle does not lead to"},
		},
	}
}

// Start logs in; there is no page to visit. Wrong values give [parvis.ErrInvalid], and a wrong
// password [parvis.ErrAuth].
func (f *PasswordFlow) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	g, err := f.grant(ctx, in)
	if err != nil {
		return providers.Step{}, parvis.In(err, parvis.Account{Network: Network}, "connect", parvis.ErrUnavailable)
	}
	return providers.Step{Grant: g}, nil
}

func (f *PasswordFlow) grant(ctx context.Context, in providers.Input) (*providers.Grant, error) {
	l := login{who: api.CleanHandle(in.Values["handle"]), secret: in.Values["password"], server: in.Values["server"]}
	t, err := f.login(ctx, l)
	if err != nil {
		return nil, err
	}
	if f.cfg.KeepPassword {
		t.Extra[extraPassword] = l.secret
	}
	a := parvis.Account{Network: Network, ID: t.Extra[api.ExtraDID], Handle: t.Extra[api.ExtraHandle]}
	return &providers.Grant{
		Notes:   passwordNotes(api.ParseJWT(t.Value).Scope, l.secret),
		Choices: []providers.Choice{{Account: a, Token: t, Type: "profile", URL: "https://bsky.app/profile/" + a.ID}},
	}, nil
}

// Finish is not needed: Start is all.
func (f *PasswordFlow) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, &parvis.Error{
		Op: "connect", Network: Network, Code: parvis.ErrInvalid, Message: "this way of connecting has no second step", Help: "use what Start returned",
	}
}

// The names under which a token's Extra holds what a flow needs, beside those of sessions.
const (
	extraFlow     = providers.FlowKey
	extraPassword = "password"
)

// appPassword is what app passwords look like.
//
// https://docs.bsky.app/docs/api/com-atproto-server-create-app-password
var appPassword = regexp.MustCompile(`^[a-z2-7]{4}(-[a-z2-7]{4}){3}$`)

// passwordNotes says what people should know of the password that they used.
func passwordNotes(scope, secret string) []string {
	switch {
	case scope == "com.atproto.access", scope == "" && !appPassword.MatchString(secret):
		return []string{"This is the password of the account itself. An app password is safer: it can be taken back alone, and cannot change or delete the account."}
	case scope == "com.atproto.appPass":
		return []string{"This app password does not give access to direct messages. Make one that does if they are wanted."}
	}
	return nil
}

// A login is what it takes to log in.
type login struct{ who, secret, server string }

// login makes a session.
//
// https://docs.bsky.app/docs/api/com-atproto-server-create-session
func (f *PasswordFlow) login(ctx context.Context, l login) (parvis.Token, error) {
	switch {
	case l.who == "":
		return parvis.Token{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the handle is missing", Help: "give the name that the profile shows after the @"}
	case l.secret == "":
		return parvis.Token{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the app password is missing", Help: "make one in the settings of the account"}
	}
	id, err := f.find(ctx, l)
	if err != nil {
		return parvis.Token{}, err
	}
	var out api.Login
	err = f.call(ctx, id, httpx.Request{
		Method: "POST", Endpoint: sessions, Op: "log in",
		Body: httpx.JSON(map[string]string{"identifier": cmp.Or(id.DID, l.who), "password": l.secret}),
	}, &out)
	if err != nil {
		return parvis.Token{}, loginError(err)
	}
	if !api.ValidDID(out.DID) || out.Access == "" || id.DID != "" && id.DID != out.DID {
		return parvis.Token{}, &parvis.Error{
			Code: parvis.ErrBadAnswer, Message: "the server logged in another account than the one that was asked for", Help: "check the handle and the server",
		}
	}
	t := f.token(out, parvis.Token{Extra: map[string]string{extraFlow: PasswordName, api.ExtraPDS: id.PDS}})
	return t, nil
}

// find returns where to log in, and as whom if that is known.
func (f *PasswordFlow) find(ctx context.Context, l login) (api.Identity, error) {
	if l.server == "" {
		return f.ids.Resolve(ctx, l.who)
	}
	u, err := api.CheckServer(withScheme(l.server))
	if err == nil && !f.trusted {
		u, err = api.CheckAddress(u.String(), f.cfg.Loopback)
	}
	if err != nil {
		return api.Identity{}, err
	}
	return api.Identity{PDS: u.Scheme + "://" + u.Host, Handle: l.who}, nil
}

// call calls the server of id without a session, or with bearer.
func (f *PasswordFlow) call(ctx context.Context, id api.Identity, r httpx.Request, out any) error {
	cfg := f.wire
	cfg.Base = id.PDS
	cfg.Account = func() parvis.Account {
		return parvis.Account{Network: Network, ID: id.DID, Handle: id.Handle}
	}
	h, err := httpx.New(cfg)
	if err != nil {
		return err
	}
	r.Path = "/xrpc/" + r.Endpoint
	_, err = h.JSON(ctx, r, out)
	return err
}

// token returns the token of a session, with what old has beside it.
func (f *PasswordFlow) token(s api.Login, old parvis.Token) parvis.Token {
	t := old
	t.Value, t.Refresh, t.Type = s.Access, cmp.Or(s.Refresh, old.Refresh), "Bearer"
	t.Expiry = api.ParseJWT(s.Access).Until(time.Now())
	t.Extra = maps.Clone(old.Extra)
	if t.Extra == nil {
		t.Extra = map[string]string{}
	}
	t.Extra[api.ExtraDID] = cmp.Or(s.DID, t.Extra[api.ExtraDID])
	t.Extra[api.ExtraHandle] = cmp.Or(s.Handle, t.Extra[api.ExtraHandle])
	if doc, err := api.ParseDocument(s.Document, s.DID); err == nil && !f.trusted {
		if pds, err := doc.PDS(f.cfg.Loopback); err == nil {
			t.Extra[api.ExtraPDS] = pds
		}
	}
	return t
}
