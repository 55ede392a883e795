package oauth

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// JWT is the flow for keys that sign a token of their own for every while, such as those of
// Ghost's Admin API. What is stored is the key; [JWT.Source] makes tokens of it.
type JWT struct {
	// Manifest describes the network.
	Manifest providers.Manifest
	// Name names the flow; the network if empty. Way is "key" if empty.
	Name, Way string
	// Fields are what is typed beside the key: an ID, the address of the site.
	Fields []providers.Field
	// Parse reads the key with what else was typed; nil is [HexKey].
	Parse func(key string, typed map[string]string) (Signer, error)
	// Claims are what the tokens say.
	Claims Claims
	// Type is the scheme of the Authorization header: "Ghost"; "Bearer" if empty.
	Type string
	// Check asks the network who that is. The token that it is given is a signed one.
	Check Checker
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var _ providers.Flow = (*JWT)(nil)

// keyField is the name of the field of the key.
const keyField = "key"

// Form describes the network and what is typed.
func (j *JWT) Form() providers.Form {
	return providers.Form{
		Manifest: j.Manifest, Way: cmp.Or(j.Way, "key"), Name: cmp.Or(j.Name, string(j.Manifest.Network)),
		Fields: append(slices.Clone(j.Fields), providers.Field{Name: keyField, Label: "Key", Secret: true}),
	}
}

func (j *JWT) signer(key parvis.Token) (Signer, error) {
	if j.Parse == nil {
		return HexKey(key.Value)
	}
	return j.Parse(key.Value, key.Extra)
}

// Start signs a token and checks it with the network. A key that cannot be read gives
// [parvis.ErrInvalid]; so does a clock that is wrong, with Help saying by how much.
func (j *JWT) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	w := newWire(parvis.Account{Network: j.Manifest.Network}, j.Options)
	key, err := typed(w, j.Form(), keyField, in.Values)
	if err != nil {
		return providers.Step{}, err
	}
	used, err := j.make(key)
	if err != nil {
		return providers.Step{}, parvis.In(err, w.account, "connect", parvis.ErrInvalid)
	}
	return check(ctx, w, j.Check, used, key)
}

// make signs a token with a key.
func (j *JWT) make(key parvis.Token) (parvis.Token, error) {
	s, err := j.signer(key)
	if err != nil {
		return parvis.Token{}, err
	}
	now := time.Now()
	text, err := s.Sign(j.Claims, now)
	if err != nil {
		return parvis.Token{}, err
	}
	return parvis.Token{Value: text, Type: j.Type, Expiry: now.Add(j.Claims.life()), Scopes: key.Scopes, Extra: key.Extra}, nil
}

// Finish is never needed, and gives [parvis.ErrUnsupported].
func (j *JWT) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, noVisit(j.Manifest.Network)
}

// Source returns a source of short-lived tokens, signed with the key that keys gives. A
// token is used for half its life.
func (j *JWT) Source(keys parvis.TokenSource) parvis.TokenSource {
	return &cached{make: func(ctx context.Context) (parvis.Token, time.Duration, error) {
		key, err := keys.Token(ctx)
		if err != nil {
			return parvis.Token{}, 0, err
		}
		t, err := j.make(key)
		return t, j.Claims.life() / 2, err
	}}
}

// cached keeps a token until the rest of its life is short.
type cached struct {
	make func(context.Context) (t parvis.Token, rest time.Duration, err error)

	gate  sync.Once
	turn  chan struct{}
	mu    sync.Mutex
	token parvis.Token
	rest  time.Duration
}

func (c *cached) peek() (parvis.Token, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token, c.token.Valid(time.Now().Add(c.rest))
}

// Token returns the token of now. One caller makes it, the others wait as long as their ctx lets them.
func (c *cached) Token(ctx context.Context) (parvis.Token, error) {
	c.gate.Do(func() { c.turn = make(chan struct{}, 1) })
	if t, ok := c.peek(); ok {
		return t, nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return parvis.Token{}, ctx.Err()
	}
	if t, ok := c.peek(); ok {
		return t, nil
	}
	t, rest, err := c.make(ctx)
	if err != nil {
		return parvis.Token{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.rest = t, rest
	return t, nil
}

// An Assertion says how signed tokens are exchanged for access tokens.
//
// https://www.rfc-editor.org/rfc/rfc7523#section-2.1
type Assertion struct {
	// Network is the network, for errors.
	Network parvis.Network
	// TokenURL is the token endpoint.
	TokenURL string
	// Signer signs, and Claims are what is signed; an empty Audience is TokenURL.
	Signer Signer
	Claims Claims
	// Scopes are asked for; none leaves the parameter out.
	Scopes []string
	// Page is where the key is managed.
	Page string
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

// grantJWT is the grant type of RFC 7523.
const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// Source returns a source of access tokens. A new one is had a minute before the old one
// ends. A refusal because of a wrong clock gives [parvis.ErrInvalid], with Help saying by how much.
func (a Assertion) Source() parvis.TokenSource {
	return &cached{make: func(ctx context.Context) (parvis.Token, time.Duration, error) {
		t, err := a.exchange(ctx)
		return t, time.Minute, err
	}}
}

func (a Assertion) exchange(ctx context.Context) (parvis.Token, error) {
	w := newWire(parvis.Account{Network: a.Network}, a.Options)
	claims := a.Claims
	claims.Audience = cmp.Or(claims.Audience, a.TokenURL)
	now := time.Now()
	text, err := a.Signer.Sign(claims, now)
	if err != nil {
		return parvis.Token{}, parvis.In(err, w.account, "token", parvis.ErrInvalid)
	}
	form := url.Values{"grant_type": {grantJWT}, "assertion": {text}}
	if len(a.Scopes) > 0 {
		form.Set("scope", joinScopes(a.Scopes))
	}
	s := Server{Endpoint: oauth2.Endpoint{TokenURL: a.TokenURL}, Page: a.Page}
	k := call{op: "token", method: http.MethodPost, url: a.TokenURL, form: form, safe: true, errors: s.refuse(asserting, ""), secrets: []string{text}}
	resp, err := w.do(ctx, k, nil)
	if err != nil {
		return parvis.Token{}, err
	}
	ans, err := parseOr(w, "token", resp)
	if err != nil {
		return parvis.Token{}, err
	}
	t := s.token(ans, a.Scopes, now)
	if t.Expiry.IsZero() {
		t.Expiry = now.Add(claims.life())
	}
	return t, nil
}
