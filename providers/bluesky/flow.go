package bluesky

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/public"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// FlowName is the name of [Flow] in addresses.
const FlowName = "bluesky"

// FlowConfig says which application asks for access. Its zero value is a program on
// somebody's own machine, which the network calls a loopback client: nothing needs to be
// published, callbacks go to http://127.0.0.1, and sessions end after two weeks.
//
// https://atproto.com/specs/oauth#clients
type FlowConfig struct {
	Directory
	// ClientID is the https address where the application publishes its metadata, which
	// [Flow.Handler] serves. Empty is the loopback client.
	ClientID string
	// Redirects are the addresses that the network may send browsers back to. Required
	// with a ClientID; without one every address on 127.0.0.1 and [::1] is one.
	Redirects []string
	// Name, Home, Logo, Terms and Privacy describe the application to those who are asked
	// for access; all but Name are https addresses. Each may be empty.
	Name, Home, Logo, Terms, Privacy string
	// Scopes are asked for, beside atproto; nil is what the manifest says of the powers
	// that are wanted, which is transition:generic. Others are transition:chat.bsky,
	// transition:email and granular ones, such as repo:app.bsky.feed.post?action=create.
	//
	// https://atproto.com/specs/permission
	Scopes []string
	// Keys make the application a confidential client, whose sessions last for years: it
	// proves with a signature who it is. They are on the curve P-256. The first signs for new
	// sessions; a session stays with the key that it began with, so a retired key goes to
	// the end of the list and stays there as long as its sessions. Not for the loopback client.
	Keys []*ecdsa.PrivateKey
}

// Flow connects accounts by the OAuth of the AT Protocol: pushed requests, PKCE, and
// tokens that are bound to a key which proves its presence with each request (DPoP).
// Refresh tokens serve once. It is safe for concurrent use, and keeps nothing but the
// servers' last nonces and what identities it has looked up.
//
// https://atproto.com/specs/oauth
type Flow struct {
	cfg    FlowConfig
	keys   []*dpop.Key
	ids    *api.Resolver
	wire   httpx.Config
	nonces dpop.Nonces
}

var (
	_ providers.Flow      = (*Flow)(nil)
	_ providers.Refresher = (*Flow)(nil)
	_ providers.Revoker   = (*Flow)(nil)
	_ providers.Coverer   = (*Flow)(nil)
)

// NewFlow returns a flow. If o has no HTTPClient, only public addresses are called,
// whatever people type; one that is given should keep to that, too. A config that cannot
// work gives an error that matches [parvis.ErrInvalid].
func NewFlow(cfg FlowConfig, o *providers.Options) (*Flow, error) {
	if o == nil {
		o = &providers.Options{}
	}
	f := &Flow{cfg: cfg, ids: cfg.resolver(o), wire: transport(o)}
	if f.wire.Client == nil {
		f.wire.Client = public.Client(cfg.Loopback)
	}
	for _, k := range cfg.Keys {
		key, err := dpop.FromECDSA(k)
		if err != nil {
			return nil, invalid("a key of the application cannot be used: "+err.Error(), "make keys with ecdsa.GenerateKey(elliptic.P256(), …)")
		}
		f.keys = append(f.keys, key)
	}
	return f, f.check()
}

func (f *Flow) check() error {
	if f.cfg.ClientID == "" {
		if len(f.keys) > 0 {
			return invalid("a loopback client has no keys", "set FlowConfig.ClientID, or leave Keys empty")
		}
		return nil
	}
	u, err := url.Parse(f.cfg.ClientID)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Port() != "" || u.Fragment != "" || len(u.Path) < 2 {
		return invalid("the client ID is not an https address with a path", "set FlowConfig.ClientID to where the metadata is served, such as https://desk.example/client-metadata.json")
	}
	if len(f.cfg.Redirects) == 0 {
		return invalid("there is no redirect address", "set FlowConfig.Redirects")
	}
	for _, r := range f.cfg.Redirects {
		if r, err := url.Parse(r); err != nil || r.Scheme != "https" || r.Host == "" || r.Fragment != "" {
			return invalid("a redirect address is not https", "correct FlowConfig.Redirects; the loopback client, without a ClientID, is for programs on one's own machine")
		}
	}
	return nil
}

// Form asks who is to be connected.
func (f *Flow) Form() providers.Form {
	return providers.Form{
		Manifest: Manifest(), Way: "OAuth", Name: FlowName,
		Fields: []providers.Field{{
			Name: "handle", Label: "Handle", Example: "name.bsky.social",
			Help: "the name that the profile shows after the @; the address of a server, such as https://bsky.social, will do as well",
		}},
	}
}

// started is what Finish needs of Start, by the names in Step.Keep.
type started struct {
	server   authServer
	who      api.Identity
	key      *dpop.Key
	verifier string
	client   string
	callback string
	kid      string
}

// Start finds the server that knows the account, and tells it what is asked for. The step
// holds the page to visit.
func (f *Flow) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	step, err := f.start(ctx, in)
	return step, parvis.In(err, parvis.Account{Network: Network}, "connect", parvis.ErrUnavailable)
}

func (f *Flow) start(ctx context.Context, in providers.Input) (providers.Step, error) {
	scope := strings.Join(f.scopes(in.Powers), " ")
	s := started{verifier: oauth2.GenerateVerifier(), callback: in.Callback}
	var err error
	if s.client, err = f.client(in.Callback, scope); err != nil {
		return providers.Step{}, err
	}
	if in.State == "" {
		return providers.Step{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "there is no state", Help: "pass an unguessable text that is bound to the browser"}
	}
	if s.who, s.server, err = f.discover(ctx, in.Values["handle"]); err != nil {
		return providers.Step{}, err
	}
	if s.key, err = dpop.NewKey(); err != nil {
		return providers.Step{}, err
	}
	if len(f.keys) > 0 {
		s.kid = f.keys[0].Thumbprint()
	}
	form := url.Values{
		"response_type": {"code"}, "redirect_uri": {in.Callback}, "scope": {scope}, "state": {in.State},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(s.verifier)}, "code_challenge_method": {"S256"},
	}
	if hint := cmp.Or(s.who.Handle, s.who.DID); hint != "" {
		form.Set("login_hint", hint)
	}
	var out struct {
		RequestURI string `json:"request_uri"`
	}
	if err := f.post(ctx, s.request(s.server.PAR, form), &out); err != nil {
		return providers.Step{}, startError(err)
	}
	if out.RequestURI == "" {
		return providers.Step{}, &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server did not accept the request for access", Help: "try again later"}
	}
	page := s.server.Authorize + "?" + url.Values{"client_id": {s.client}, "request_uri": {out.RequestURI}}.Encode()
	keep, err := s.keep()
	return providers.Step{URL: page, Keep: keep}, err
}

// Finish checks that the answer is the chosen server's own and exchanges its code. The
// account must be the one that Start was for, and must live where that server decides.
// State is the caller's to check.
func (f *Flow) Finish(ctx context.Context, step providers.Step, back url.Values) (providers.Grant, error) {
	g, err := f.finish(ctx, step, back)
	return g, parvis.In(err, parvis.Account{Network: Network}, "connect", parvis.ErrUnavailable)
}

func (f *Flow) finish(ctx context.Context, step providers.Step, back url.Values) (providers.Grant, error) {
	s, err := resume(step.Keep)
	if err != nil {
		return providers.Grant{}, err
	}
	if err := s.checkBack(back); err != nil {
		return providers.Grant{}, err
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {s.callback}, "code_verifier": {s.verifier},
	}
	var out tokens
	if err := f.post(ctx, s.request(s.server.Token, form), &out); err != nil {
		return providers.Grant{}, codeError(err)
	}
	t, err := s.token(out)
	if err != nil {
		return providers.Grant{}, err
	}
	id, err := f.owner(ctx, s, out.Sub)
	if err != nil {
		_ = f.Revoke(context.WithoutCancel(ctx), parvis.Account{Network: Network}, t) // it is of no use to anybody
		return providers.Grant{}, err
	}
	t.Extra[api.ExtraDID], t.Extra[api.ExtraHandle], t.Extra[api.ExtraPDS] = id.DID, id.Handle, id.PDS
	return providers.Grant{Scopes: t.Scopes, Notes: grantNotes(t.Scopes), Choices: []providers.Choice{{
		Account: parvis.Account{Network: Network, ID: id.DID, Handle: id.Handle}, Token: t, Type: "profile",
		URL: "https://bsky.app/profile/" + id.DID,
	}}}, nil
}

func grantNotes(scopes []string) []string {
	if slices.Contains(scopes, "transition:generic") || len(scopes) > 1 {
		return nil
	}
	return []string{"The account can be recognised and read, and that is all: no right to write was granted."}
}

// token reads the answer of the token endpoint.
func (s *started) token(out tokens) (parvis.Token, error) {
	scopes := strings.Fields(out.Scope)
	key, err := s.key.Marshal()
	switch {
	case err != nil:
		return parvis.Token{}, err
	case out.Access == "" || !strings.EqualFold(out.Type, api.TypeDPoP) || !api.ValidDID(out.Sub):
		return parvis.Token{}, &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server answered without a token that is bound to a key", Help: "try again later"}
	case !slices.Contains(scopes, "atproto"):
		return parvis.Token{}, &parvis.Error{Code: parvis.ErrPermission, Message: "the scope atproto was not granted", Help: "connect again and allow access to the account"}
	}
	return parvis.Token{
		Value: out.Access, Refresh: out.Refresh, Type: api.TypeDPoP, Expiry: out.expiry(time.Now()), Scopes: scopes,
		Extra: map[string]string{
			extraFlow: FlowName, api.ExtraKey: key, extraIssuer: s.server.Issuer, extraToken: s.server.Token,
			extraRevoke: s.server.Revoke, extraClient: s.client, extraKid: s.kid,
		},
	}, nil
}
