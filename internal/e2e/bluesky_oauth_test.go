package e2e

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
)

const (
	bskyCallback = "http://127.0.0.1:7777/connect/back"
	bskyState    = "parvis-secret-state-1"
)

func bskyDirectory(n *network.Network) bluesky.Directory {
	return bluesky.Directory{PLC: n.PLC, Handles: n.PDS, Loopback: true}
}

func bskyFlow(t testing.TB, n *network.Network, o *providers.Options) *bluesky.Flow {
	t.Helper()
	f, err := bluesky.NewFlow(bluesky.FlowConfig{Directory: bskyDirectory(n)}, o)
	require.NoError(t, err)
	return f
}

func bskyStart(t testing.TB, f *bluesky.Flow, typed string) providers.Step {
	t.Helper()
	step, err := f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": typed}, Callback: bskyCallback, State: bskyState})
	require.NoError(t, err)
	require.NotEmpty(t, step.URL)
	return step
}

// bskySame compares what must not be printed.
func bskySame(t testing.TB, want, got, what string) {
	t.Helper()
	if want != got {
		t.Fatalf("%s differs", what)
	}
}

// bskyGrant goes the whole way with a browser.
func bskyGrant(t testing.TB, n *network.Network, f *bluesky.Flow, a network.Account) providers.Choice {
	t.Helper()
	step := bskyStart(t, f, a.Handle)
	back := newPerson(t, n.PDS).allow(step.URL, a, "")
	bskySame(t, bskyState, back.Get("state"), "the state that comes back")
	g, err := f.Finish(t.Context(), step, back)
	require.NoError(t, err)
	require.Len(t, g.Choices, 1)
	return g.Choices[0]
}

// bskySession is a token that is refreshed by hand.
type bskySession struct {
	flow    *bluesky.Flow
	account parvis.Account
	mu      sync.Mutex
	token   parvis.Token
	renewed int
}

func (s *bskySession) Token(context.Context) (parvis.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

func (s *bskySession) Renew(ctx context.Context, refused parvis.Token) (parvis.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token.Value != refused.Value {
		return s.token, nil
	}
	t, err := s.flow.Refresh(ctx, s.account, s.token)
	if err == nil {
		s.token = t
		s.renewed++
	}
	return t, err
}

// TestBlueskyOAuth connects an account, uses it, refreshes and revokes.
func TestBlueskyOAuth(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	for _, how := range []string{"handle", "@handle", "DID", "server"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a := bskyAccount(t, n, "oauth")
			typed := map[string]string{"handle": a.Handle, "@handle": "@" + a.Handle, "DID": a.DID, "server": n.PDS}[how]
			step := bskyStart(t, f, typed)
			g, err := f.Finish(t.Context(), step, newPerson(t, n.PDS).allow(step.URL, a, ""))
			require.NoError(t, err)
			require.Len(t, g.Choices, 1)
			c := g.Choices[0]
			assert.Equal(t, parvis.Account{Network: bluesky.Network, ID: a.DID, Handle: a.Handle}, c.Account)
			assert.Equal(t, []string{"atproto", "transition:generic"}, slices.Sorted(slices.Values(g.Scopes)))
			assert.Empty(t, bluesky.Manifest().Lacking(g.Scopes, f.Covers))
			assert.Empty(t, g.Notes)
			require.True(t, c.Token.Valid(c.Token.Expiry.Add(-1)), "the token has an end")
			client, err := bluesky.New(bluesky.Config{Tokens: &bskySession{flow: f, account: c.Account, token: c.Token}}, nil)
			require.NoError(t, err)
			h, err := client.Probe(t.Context())
			require.NoError(t, err)
			assert.Equal(t, providers.Healthy, h.Condition, h.Why)
			assert.Equal(t, a.DID, client.Account().ID)
		})
	}
}

// TestBlueskyRefreshTokensServeOnce also shows that a replay ends the session at the
// server, which is what the pool of tokens must never let happen.
func TestBlueskyRefreshTokensServeOnce(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	ctx := t.Context()
	c := bskyGrant(t, n, f, bskyAccount(t, n, "once"))
	second, err := f.Refresh(ctx, c.Account, c.Token)
	require.NoError(t, err)
	require.False(t, second.Refresh == c.Token.Refresh || second.Value == c.Token.Value, "both tokens are new")
	require.True(t, maps.Equal(second.Extra, c.Token.Extra), "what goes with them is kept")
	third, err := bskyFlow(t, n, nil).Refresh(ctx, c.Account, second) // a process that has no nonce yet
	require.NoError(t, err)
	_, err = f.Refresh(ctx, c.Account, second)
	require.ErrorIs(t, err, parvis.ErrAuth)
	_, err = f.Refresh(ctx, c.Account, third)
	require.ErrorIs(t, err, parvis.ErrAuth, "the replay has ended the session")
	assert.Contains(t, err.Error(), "connect the account again")
}

// TestBlueskyTokenIsRenewedAtTheServersWish uses a token that the server refuses.
func TestBlueskyTokenIsRenewedAtTheServersWish(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	c := bskyGrant(t, n, f, bskyAccount(t, n, "renew"))
	s := &bskySession{flow: f, account: c.Account, token: c.Token}
	s.token.Value += "broken"
	client, err := bluesky.New(bluesky.Config{Tokens: s}, nil)
	require.NoError(t, err)
	h, err := client.Probe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, providers.Healthy, h.Condition, h.Why)
	assert.Equal(t, 1, s.renewed)
}

// TestBlueskyRevokedGrant says what to do next.
func TestBlueskyRevokedGrant(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	ctx := t.Context()
	c := bskyGrant(t, n, f, bskyAccount(t, n, "gone"))
	require.NoError(t, f.Revoke(ctx, c.Account, c.Token))
	require.NoError(t, f.Revoke(ctx, c.Account, c.Token), "what is gone already is no error")
	_, err := f.Refresh(ctx, c.Account, c.Token)
	require.ErrorIs(t, err, parvis.ErrAuth)
	client, err := bluesky.New(bluesky.Config{Tokens: &bskySession{flow: f, account: c.Account, token: c.Token}}, nil)
	require.NoError(t, err)
	h, err := client.Probe(ctx)
	require.NoError(t, err)
	assert.Equal(t, providers.Lost, h.Condition, "this server ends the access token with the session")
	assert.Equal(t, parvis.ErrAuth, h.Code)
	assert.Equal(t, "connect the account again", h.Help)
}

// TestBlueskyStolenCode is used by somebody with another verifier and key.
func TestBlueskyStolenCode(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	ctx := t.Context()
	a := bskyAccount(t, n, "theft")
	mine, theirs := bskyStart(t, f, a.Handle), bskyStart(t, f, a.Handle)
	back := newPerson(t, n.PDS).allow(mine.URL, a, "")
	_, err := f.Finish(ctx, theirs, back)
	require.ErrorIs(t, err, parvis.ErrAuth, "a code without its verifier and key")
	assert.Contains(t, err.Error(), "begin again")
	_, err = f.Finish(ctx, mine, back)
	require.ErrorIs(t, err, parvis.ErrAuth, "a code that somebody has tried is void")

	again := bskyStart(t, f, a.Handle)
	back = newPerson(t, n.PDS).allow(again.URL, a, "")
	g, err := f.Finish(ctx, again, back)
	require.NoError(t, err)
	_, err = f.Finish(ctx, again, back)
	require.ErrorIs(t, err, parvis.ErrAuth, "a replayed callback")
	_, err = f.Refresh(ctx, g.Choices[0].Account, g.Choices[0].Token)
	require.ErrorIs(t, err, parvis.ErrAuth, "the server ends the session of a code that is used twice")
}

// TestBlueskyCallbackIsChecked refuses answers of other servers, people and pages.
func TestBlueskyCallbackIsChecked(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	ctx := t.Context()
	a, b := bskyAccount(t, n, "right"), bskyAccount(t, n, "wrong")
	step := bskyStart(t, f, a.Handle)
	back := newPerson(t, n.PDS).allow(step.URL, a, "")
	for name, iss := range map[string][]string{"another": {"https://evil.example"}, "none": nil} {
		forged := maps.Clone(back)
		delete(forged, "iss")
		if iss != nil {
			forged["iss"] = iss
		}
		_, err := f.Finish(ctx, step, forged)
		require.ErrorIs(t, err, parvis.ErrAuth, name)
	}
	_, err := f.Finish(ctx, step, back)
	require.NoError(t, err, "the forged ones did not spend the code")

	step = bskyStart(t, f, a.Handle)
	_, err = f.Finish(ctx, step, newPerson(t, n.PDS).allow(step.URL, b, ""))
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Contains(t, err.Error(), "log in as the account that you typed")

	step = bskyStart(t, f, a.Handle)
	_, err = f.Finish(ctx, step, newPerson(t, n.PDS).deny(step.URL))
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "allow access")
}

// TestBlueskyWrongSettings are told before anybody visits a page.
func TestBlueskyWrongSettings(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "bad")
	for name, c := range map[string]struct {
		callback, typed string
		code            parvis.Code
		help            string
	}{
		"a callback that is no loopback address": {"https://desk.example/back", a.Handle, parvis.ErrInvalid, "127.0.0.1"},
		"localhost is a name, not an address":    {"http://localhost:7777/back", a.Handle, parvis.ErrInvalid, "127.0.0.1"},
		"nobody":                                 {bskyCallback, "nobody-at-all.test", parvis.ErrNotFound, "spelling"},
		"no handle":                              {bskyCallback, "not a handle", parvis.ErrInvalid, "looks like"},
		"nothing":                                {bskyCallback, "", parvis.ErrInvalid, "handle"},
		"a server without OAuth":                 {bskyCallback, n.PLC, parvis.ErrNotFound, "app password"},
		"a private address":                      {bskyCallback, "https://10.0.0.1", parvis.ErrInvalid, "https://pds.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := providers.Input{Values: map[string]string{"handle": c.typed}, Callback: c.callback, State: bskyState}
			_, err := bskyFlow(t, n, nil).Start(t.Context(), in)
			require.ErrorIs(t, err, c.code)
			assert.Contains(t, err.Error(), c.help)
		})
	}
}

// TestBlueskyNarrowedScopes are those that the person has left.
func TestBlueskyNarrowedScopes(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyFlow(t, n, nil)
	a := bskyAccount(t, n, "less")
	step := bskyStart(t, f, a.Handle)
	g, err := f.Finish(t.Context(), step, newPerson(t, n.PDS).allow(step.URL, a, "atproto"))
	require.NoError(t, err)
	assert.Equal(t, []string{"atproto"}, g.Scopes)
	assert.Len(t, g.Notes, 1)
	lacks := bluesky.Manifest().Lacking(g.Scopes, f.Covers)
	require.Len(t, lacks, 1)
	assert.Equal(t, "transition:generic", lacks[0].Scope)
	assert.Contains(t, lacks[0].Powers, "publish")
}
