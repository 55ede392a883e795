package bluesky

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// held is a token that stays.
type held struct{ token parvis.Token }

func (h held) Token(context.Context) (parvis.Token, error) { return h.token, nil }

func heldToken() parvis.Token {
	return parvis.Token{Value: "parvis-secret-access", Refresh: "parvis-secret-refresh", Extra: map[string]string{
		api.ExtraDID: testDID, api.ExtraHandle: testHandle, api.ExtraPDS: testPDS,
	}}
}

func clientOn(t testing.TB, p *play, tok parvis.Token) *Client {
	t.Helper()
	c, err := New(Config{Tokens: held{tok}, Client: "acme"}, p.options())
	require.NoError(t, err)
	return c
}

func TestAccount(t *testing.T) {
	t.Parallel()
	p := recorded(t, "handle", "session")
	c, err := New(Config{Tokens: held{heldToken()}, Client: "acme", Account: parvis.Account{Handle: "alice.old.example", Host: "x"}}, p.options())
	require.NoError(t, err)
	assert.Equal(t, parvis.Account{Client: "acme", Network: Network, Handle: "alice.old.example"}, c.Account(), "what is known before the first call")
	did, err := c.ResolveHandle(t.Context(), "@Bob.example")
	require.NoError(t, err)
	assert.Equal(t, "did:plc:bob234567", did)
	assert.Equal(t, parvis.Account{Client: "acme", Network: Network, ID: testDID, Handle: testHandle}, c.Account())

	bare, err := New(Config{Tokens: parvis.StaticToken("parvis-secret-x"), Server: testPDS}, p.options())
	require.NoError(t, err)
	assert.Equal(t, parvis.Account{Network: Network}, bare.Account())
	did, err = bare.did(t.Context())
	require.NoError(t, err)
	assert.Equal(t, testDID, did)
	assert.Equal(t, parvis.Account{Network: Network, ID: testDID, Handle: testHandle}, bare.Account())
	p.done()
}

func TestResolveHandle(t *testing.T) {
	t.Parallel()
	p := recorded(t, "handle-unknown")
	c := clientOn(t, p, heldToken())
	did, err := c.ResolveHandle(t.Context(), "did:plc:bob234567")
	require.NoError(t, err)
	assert.Equal(t, "did:plc:bob234567", did)
	_, err = c.ResolveHandle(t.Context(), "nobody.example")
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = c.ResolveHandle(t.Context(), "no handle")
	require.ErrorIs(t, err, parvis.ErrInvalid)
	p.done()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"no tokens":     {},
		"no address":    {Tokens: held{}, Server: "pds.example"},
		"a strange one": {Tokens: held{}, Server: "ftp://pds.example"},
		"no DID":        {Tokens: held{}, Account: parvis.Account{ID: "alice"}},
	} {
		_, err := New(cfg, nil)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	_, err := New(Config{Tokens: held{}}, &providers.Options{Timeout: -1})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestOpener(t *testing.T) {
	t.Parallel()
	p := recorded(t, "login-at-server", "session", "health")
	o := Opener()
	got, err := o.Open(providers.Settings{Network: Network, Client: "acme", Server: "pds.example", User: "@Alice.example", Secret: testPassword}, p.options())
	require.NoError(t, err)
	assert.Equal(t, parvis.Account{Client: "acme", Network: Network, Handle: testHandle}, got.Account())
	h, err := got.(providers.Prober).Probe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, providers.Healthy, h.Condition, h.Why)
	p.done()
	byDID, err := o.Open(providers.Settings{User: testDID, Secret: testPassword}, nil)
	require.NoError(t, err)
	assert.Equal(t, testDID, byDID.Account().ID)
	for name, s := range map[string]providers.Settings{
		"no handle":   {Secret: testPassword},
		"no password": {User: testHandle},
		"a server":    {User: testHandle, Secret: testPassword, Server: "ftp://x"},
	} {
		_, err := o.Open(s, nil)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	narrow, once := heldToken(), heldToken()
	narrow.Scopes = []string{"atproto"}
	once.Refresh, once.Expiry = "", time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		plays     []string
		token     parvis.Token
		condition providers.Condition
		says      string
	}{
		"well":                 {[]string{"session", "health"}, heldToken(), providers.Healthy, ""},
		"too few scopes":       {[]string{"session", "health"}, narrow, providers.Limited, "grant what is missing"},
		"no refresh token":     {[]string{"session", "health"}, once, providers.Expiring, "cannot renew itself"},
		"no confirmed e-mail":  {[]string{"session-unconfirmed", "health"}, heldToken(), providers.Healthy, "the video service takes nothing"},
		"taken down":           {[]string{"session-takendown", "health"}, heldToken(), providers.Limited, "appeal"},
		"suspended":            {[]string{"session-suspended", "health"}, heldToken(), providers.Limited, "suspended"},
		"deactivated":          {[]string{"session-deactivated", "health"}, heldToken(), providers.Limited, "deactivated"},
		"unknown, taken down":  {[]string{"session-unknown", "status-takendown"}, heldToken(), providers.Limited, "appeal"},
		"the token is refused": {[]string{"session-expired"}, heldToken(), providers.Lost, "connect the account again"},
		"the server is down":   {[]string{"session-down"}, heldToken(), providers.Unreachable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := recorded(t, c.plays...)
			h, err := clientOn(t, p, c.token).Probe(t.Context())
			require.NoError(t, err)
			p.done()
			assert.Equal(t, c.condition, h.Condition)
			assert.Contains(t, h.Why+"; "+h.Help, c.says)
			assert.Equal(t, testDID, h.Account.ID)
			assert.False(t, h.Time.IsZero())
			if c.plays[len(c.plays)-1] == "health" {
				assert.Equal(t, "0.5.35", h.API)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := clientOn(t, recorded(t), heldToken()).Probe(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRefs(t *testing.T) {
	t.Parallel()
	c := clientOn(t, recorded(t), heldToken())
	const uri = "at://did:plc:bob234567/app.bsky.feed.post/3jui7kd54zh2y"
	ref := c.postRef(uri)
	assert.Equal(t, parvis.Ref{Client: "acme", Network: Network, Kind: parvis.KindPost, ID: uri}, ref)
	require.NoError(t, c.Account().Owns(ref))
	at, err := recordOf(ref)
	require.NoError(t, err)
	assert.Equal(t, uri, at.String())
	did, err := didOf(ref)
	require.NoError(t, err)
	assert.Equal(t, "did:plc:bob234567", did)
	did, err = didOf(c.personRef("did:plc:carol"))
	require.NoError(t, err)
	assert.Equal(t, "did:plc:carol", did)
	assert.True(t, c.postRef("").IsZero())
	assert.Equal(t, parvis.KindPlace, c.placeRef("home").Kind)
	for _, r := range []parvis.Ref{c.personRef("carol"), {}, c.ref(parvis.KindReport, uri), c.placeRef("home")} {
		_, err = recordOf(r)
		require.ErrorIs(t, err, parvis.ErrInvalid)
		_, err = didOf(r)
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		granted []string
		needed  string
		want    bool
	}{
		{[]string{"atproto", "transition:generic"}, "transition:generic", true},
		{[]string{"atproto"}, "transition:generic", false},
		{[]string{"transition:generic"}, "atproto", false},
		{[]string{"transition:generic"}, "repo:app.bsky.feed.post?action=create", true},
		{[]string{"transition:generic"}, "blob:image/*", true},
		{[]string{"transition:generic"}, "rpc:app.bsky.feed.getTimeline?aud=did:web:api.bsky.app%23bsky_appview", true},
		{[]string{"transition:generic"}, "rpc:chat.bsky.convo.getLog?aud=*", false},
		{[]string{"transition:generic", "transition:chat.bsky"}, "rpc:chat.bsky.convo.getLog?aud=*", true},
		{[]string{"transition:generic"}, "transition:chat.bsky", false},
		{[]string{"transition:generic"}, "account:email", false},
		{[]string{"repo:*", "blob:*/*", "rpc:*?aud=*"}, "transition:generic", true},
		{[]string{"repo:*", "blob:*/*"}, "transition:generic", false},
		{[]string{"repo:*"}, "repo:app.bsky.feed.post", true},
		{[]string{"repo:app.bsky.feed.post"}, "repo:app.bsky.feed.post?action=delete", true},
		{[]string{"repo:app.bsky.feed.post?action=create"}, "repo:app.bsky.feed.post", false},
		{[]string{"repo?collection=app.bsky.feed.post&collection=app.bsky.feed.like"}, "repo:app.bsky.feed.like?action=create", true},
		{[]string{"blob:image/*"}, "blob:image/png", true},
		{[]string{"blob:image/*"}, "blob:video/mp4", false},
		{[]string{"rpc:a.b.c?aud=*"}, "rpc:a.b.c?aud=did:web:x", true},
		{[]string{"rpc:*?aud=did:web:x"}, "rpc:a.b.c?aud=did:web:y", false},
		{[]string{"account:email?action=manage"}, "account:email", false},
		{[]string{"strange"}, "stranger", false},
		{nil, "atproto", false},
	} {
		assert.Equal(t, c.want, (&Flow{}).Covers(c.granted, c.needed), "%v for %s", c.granted, c.needed)
	}
}

func TestScopesThatAreAskedFor(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"atproto", "transition:generic"}, (&Flow{}).scopes([]string{"publish"}))
	f := &Flow{cfg: FlowConfig{Scopes: []string{"atproto", "repo:app.bsky.feed.post", "transition:chat.bsky"}}}
	assert.Equal(t, []string{"atproto", "repo:app.bsky.feed.post", "transition:chat.bsky"}, f.scopes(nil))
}

func TestManifestAndForms(t *testing.T) {
	t.Parallel()
	m := Manifest()
	assert.Equal(t, Network, m.Network)
	for _, f := range []providers.Form{(&Flow{}).Form(), (&PasswordFlow{}).Form()} {
		assert.NotEmpty(t, f.Name)
		assert.NotEmpty(t, f.Way)
		for _, field := range f.Fields {
			assert.NotEmpty(t, field.Help, field.Name)
			assert.Equal(t, field.Name == "password", field.Secret)
		}
	}
}
