package fake

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// A Flow connects accounts of a [Network] as the OAuth 2.0 of a real one does: a page on
// which somebody allows or denies, codes that serve once and are bound to a PKCE verifier
// and an address, access tokens that expire, refresh tokens that serve once. A refresh
// token that is used twice ends the grant (RFC 9700, section 4.14.2).
//
// Beside its identifiers, the tokens of a network are the one thing in it that is random.
type Flow struct {
	n    *Network
	page string
}

var (
	_ providers.Flow      = (*Flow)(nil)
	_ providers.Refresher = (*Flow)(nil)
	_ providers.Revoker   = (*Flow)(nil)
	_ providers.Prober    = (*Account)(nil)
)

// Flow returns the flow of the network. page is the address under which browsers reach
// [Network.ConsentPage].
func (n *Network) Flow(page string) *Flow { return &Flow{n, page} }

// Form describes the network. The handle is only a suggestion to its page.
func (f *Flow) Form() providers.Form {
	m := Manifest()
	m.Network = f.n.opt.Name
	m.Title = strings.ToUpper(string(m.Network[:1])) + string(m.Network[1:])
	return providers.Form{Manifest: m, Way: "OAuth", Name: string(m.Network), Fields: []providers.Field{
		{Name: "handle", Label: "Handle", Help: "Who you are there. You can change it on the next page.", Example: "acme", Optional: true},
	}}
}

// Start makes the address of the network's page.
func (f *Flow) Start(_ context.Context, in providers.Input) (providers.Step, error) {
	u, err := url.Parse(f.page)
	if err != nil || in.Callback == "" || in.State == "" {
		return providers.Step{}, invalid("invalid_request", "a page, a callback and a state are needed", "give Flow the address of the page")
	}
	verifier := "parvis-secret-verifier-" + rand.Text()
	u.RawQuery = url.Values{
		"response_type": {"code"}, "redirect_uri": {in.Callback}, "state": {in.State}, "login_hint": {in.Values["handle"]},
		"scope":          {strings.Join(Manifest().ScopesFor(in.Powers...), " ")},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}.Encode()
	return providers.Step{URL: u.String(), Keep: map[string]string{"verifier": verifier, "callback": in.Callback}}, nil
}

// challengeOf is the PKCE challenge S256, RFC 7636, section 4.2.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Finish redeems the code.
func (f *Flow) Finish(_ context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	if word := back.Get("error"); word != "" {
		e := fail(parvis.ErrPermission, word, "access was not allowed", "start again, and allow it")
		return providers.Grant{}, parvis.In(e, parvis.Account{Network: f.n.opt.Name}, "connect", parvis.ErrPermission)
	}
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	c, ok := f.n.codes[back.Get("code")]
	delete(f.n.codes, back.Get("code"))
	if !ok || f.n.opt.Now().After(c.ends) || c.callback != s.Keep["callback"] || c.challenge != challengeOf(s.Keep["verifier"]) {
		e := fail(parvis.ErrAuth, "invalid_grant", "the network does not take the code", "start again")
		return providers.Grant{}, parvis.In(e, parvis.Account{Network: f.n.opt.Name}, "connect", parvis.ErrAuth)
	}
	a := &Account{n: f.n, p: c.p}
	choice := providers.Choice{Account: a.Account(), Token: f.n.issue(c.grant), Type: "profile", URL: f.n.address(c.p.handle)}
	for _, pl := range f.n.places {
		choice.Places = append(choice.Places, a.place(pl.id))
	}
	return providers.Grant{Choices: []providers.Choice{choice}, Scopes: slices.Clone(c.scopes)}, nil
}

// Refresh returns the next token of the grant.
func (f *Flow) Refresh(_ context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	g := f.n.refreshes[t.Refresh]
	if g != nil && g.refresh != t.Refresh {
		g.revoked = true // it was used before, so somebody else may have it
	}
	if g == nil || g.revoked {
		e := fail(parvis.ErrAuth, "invalid_grant", "the refresh token is no longer good", "connect the account again")
		return parvis.Token{}, parvis.In(e, a, "refresh", parvis.ErrAuth)
	}
	next := f.n.issue(g)
	next.Extra, next.Version = t.Extra, t.Version
	return next, nil
}

// Revoke ends the grant of t.
func (f *Flow) Revoke(_ context.Context, _ parvis.Account, t parvis.Token) error {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	if g := cmp.Or(f.n.refreshes[t.Refresh], f.n.accesses[t.Value]); g != nil {
		g.revoked = true
	}
	return nil
}

// A grant is what somebody allowed. Guarded by Network.mu.
type grant struct {
	p               *person
	scopes          []string
	access, refresh string
	ends            time.Time // of access
	revoked         bool
}

// A code is a grant that has not been redeemed.
type code struct {
	*grant
	callback, challenge string
	ends                time.Time
}

// issue makes the next tokens of g, in the place of those before.
func (n *Network) issue(g *grant) parvis.Token {
	delete(n.accesses, g.access)
	g.access, g.refresh = "parvis-secret-access-"+rand.Text(), "parvis-secret-refresh-"+rand.Text()
	g.ends = n.opt.Now().Add(cmp.Or(n.opt.TokenLife, time.Hour))
	n.accesses[g.access], n.refreshes[g.refresh] = g, g
	return parvis.Token{Value: g.access, Refresh: g.refresh, Expiry: g.ends, Scopes: slices.Clone(g.scopes)}
}

// Token makes a token for the person with that handle, who joins if need be, as if the
// scopes had been allowed on [Network.ConsentPage]. No scopes are all.
func (n *Network) Token(handle string, scopes ...string) parvis.Token {
	if len(scopes) == 0 {
		scopes = Manifest().ScopesFor()
	}
	p := n.Join(handle).p
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.issue(&grant{p: p, scopes: slices.Clone(scopes)})
}

// Open returns the account of the token that tokens give now, with its scopes, for the
// client of a. The account shows a token with each call; one that the network no longer
// takes it renews if tokens is a [parvis.Renewer]. A token that is not good, or is of
// another person than a, gives an error that matches [parvis.ErrAuth].
func (n *Network) Open(ctx context.Context, a parvis.Account, tokens parvis.TokenSource) (*Account, error) {
	opened := &Account{n: n, p: &person{id: a.ID, handle: a.Handle}, client: a.Client, tokens: tokens}
	g, err := opened.present(ctx)
	if err != nil {
		return nil, parvis.In(err, a, "open", parvis.ErrUnavailable)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	opened.p, opened.scopes = g.p, slices.Clone(g.scopes)
	return opened, nil
}

// present shows the network the account's token, renewed if need be.
func (a *Account) present(ctx context.Context) (*grant, error) {
	t, err := a.tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	g := a.n.recognise(t, a.p.id)
	if r, ok := a.tokens.(parvis.Renewer); ok && g == nil {
		if t, err = r.Renew(ctx, t); err != nil {
			return nil, err
		}
		g = a.n.recognise(t, a.p.id)
	}
	if g == nil {
		return nil, fail(parvis.ErrAuth, "invalid_token", "the token is expired, revoked or not the account's", "connect the account again")
	}
	return g, nil
}

// recognise returns the grant of a good token of the person, or nil.
func (n *Network) recognise(t parvis.Token, id string) *grant {
	n.mu.Lock()
	defer n.mu.Unlock()
	g := n.accesses[t.Value]
	if g == nil || g.revoked || !n.opt.Now().Before(g.ends) || g.p.id != id {
		return nil
	}
	return g
}

// Probe asks the network about the token and its scopes.
func (a *Account) Probe(ctx context.Context) (providers.Health, error) {
	err := a.do(ctx, call{ops: []string{"probe"}}, func() error { return nil })
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	h := providers.HealthOf(a.Account(), err)
	h.Time, h.API = a.n.opt.Now(), "fake 1"
	h.Granted, h.Lacks = slices.Clone(a.scopes), Manifest().Lacking(a.scopes, nil)
	if err == nil && len(h.Lacks) > 0 {
		h.Condition, h.Why, h.Help = providers.Limited, "not all scopes were granted", "connect the account again and grant them"
	}
	return h, nil
}
