package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
)

func bskyPasswords(n *network.Network, keep bool) *bluesky.PasswordFlow {
	return bluesky.NewPasswordFlow(bluesky.PasswordConfig{Directory: bskyDirectory(n), KeepPassword: keep}, nil)
}

func bskyLogin(t testing.TB, f *bluesky.PasswordFlow, values ...string) providers.Choice {
	t.Helper()
	v := map[string]string{}
	for i := 0; i < len(values); i += 2 {
		v[values[i]] = values[i+1]
	}
	step, err := f.Start(t.Context(), providers.Input{Values: v})
	require.NoError(t, err)
	require.NotNil(t, step.Grant)
	require.Len(t, step.Grant.Choices, 1)
	return step.Grant.Choices[0]
}

// TestBlueskyAppPassword connects by the handle alone, and by the server that is typed.
func TestBlueskyAppPassword(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	f := bskyPasswords(n, false)
	a := bskyAccount(t, n, "pass")
	for _, server := range []string{"", n.PDS, n.PDS + "/"} {
		c := bskyLogin(t, f, "handle", "@"+strings.ToUpper(a.Handle), "password", a.AppPassword, "server", server)
		assert.Equal(t, parvis.Account{Network: bluesky.Network, ID: a.DID, Handle: a.Handle}, c.Account)
		bskySame(t, "", c.Token.Extra["password"], "the password, which is kept only where that was asked for,")
		bskySame(t, n.PDS, c.Token.Extra["pds"], "the server")
		client, err := bluesky.New(bluesky.Config{Tokens: &staticToken{c.Token}}, nil)
		require.NoError(t, err)
		h, err := client.Probe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, providers.Healthy, h.Condition, h.Why)
		assert.NotEmpty(t, h.API)
	}
	_, err := f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": a.Handle, "password": "parvis-secret-wrong"}})
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Contains(t, err.Error(), "the handle or the app password is wrong")
}

// TestBlueskySessionRefresh rotates, repeats safely, ends, and begins anew.
func TestBlueskySessionRefresh(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ctx := t.Context()
	a := bskyAccount(t, n, "again")
	f := bskyPasswords(n, false)
	c := bskyLogin(t, f, "handle", a.Handle, "password", a.AppPassword)
	first, err := f.Refresh(ctx, c.Account, c.Token)
	require.NoError(t, err)
	bskyOther(t, c.Token.Refresh, first.Refresh, "the refresh token")
	repeated, err := f.Refresh(ctx, c.Account, c.Token)
	require.NoError(t, err, "an answer that was lost can be asked for again")
	require.NoError(t, f.Revoke(ctx, c.Account, repeated))
	require.NoError(t, f.Revoke(ctx, c.Account, repeated), "what is gone already is no error")
	_, err = f.Refresh(ctx, c.Account, repeated)
	require.ErrorIs(t, err, parvis.ErrAuth)

	kept := bskyPasswords(n, true)
	c = bskyLogin(t, kept, "handle", a.Handle, "password", a.AppPassword)
	require.NoError(t, kept.Revoke(ctx, c.Account, c.Token))
	fresh, err := kept.Refresh(ctx, c.Account, c.Token)
	require.NoError(t, err, "a kept password begins a new session")
	bskyOther(t, c.Token.Refresh, fresh.Refresh, "the session")
}

// TestBlueskyTakedown is told by the login, the probe and the refresh.
func TestBlueskyTakedown(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ctx := t.Context()
	a := bskyAccount(t, n, "down")
	f := bskyPasswords(n, true)
	c := bskyLogin(t, f, "handle", a.Handle, "password", a.AppPassword)
	require.NoError(t, n.Admin().Post(ctx, "com.atproto.admin.updateSubjectStatus", map[string]any{
		"subject":  map[string]any{"$type": "com.atproto.admin.defs#repoRef", "did": a.DID},
		"takedown": map[string]any{"applied": true, "ref": "1"},
	}, nil))
	client, err := bluesky.New(bluesky.Config{Tokens: &staticToken{c.Token}}, nil)
	require.NoError(t, err)
	h, err := client.Probe(ctx)
	require.NoError(t, err)
	assert.NotEqual(t, providers.Healthy, h.Condition)
	assert.Contains(t, h.Help+h.Why, "took the account down")
	_, err = f.Start(ctx, providers.Input{Values: map[string]string{"handle": a.Handle, "password": a.Password}})
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "appeal")
	_, err = f.Refresh(ctx, c.Account, c.Token)
	require.ErrorIs(t, err, parvis.ErrPermission, "the takedown may be lifted, and the session with it")
}

// TestBlueskyLoginQuota meets a server that counts logins, and is never refused by it.
func TestBlueskyLoginQuota(t *testing.T) {
	t.Parallel()
	n := bskyLimited(t)
	a := bskyAccount(t, n, "quota")
	f := bskyPasswords(n, false)
	var refused error
	for range 40 {
		_, err := f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": a.Handle, "password": a.AppPassword}})
		if refused = err; err != nil {
			break
		}
	}
	require.ErrorIs(t, refused, parvis.ErrRateLimited)
	var e *parvis.Error
	require.ErrorAs(t, refused, &e)
	assert.Zero(t, e.Status, "the flow waits before the server says no")
	assert.Positive(t, e.RetryAfter)

	source := bskyPasswords(n, false).Source("", a.Handle, a.AppPassword)
	_, err := source.Token(t.Context())
	require.ErrorIs(t, err, parvis.ErrRateLimited, "another process, which did not count, is told by the server")
}

// bskyOther is for what must have changed, and must not be printed.
func bskyOther(t testing.TB, old, fresh, what string) {
	t.Helper()
	if old == fresh {
		t.Fatalf("%s is the old one", what)
	}
}

type staticToken struct{ token parvis.Token }

func (s *staticToken) Token(context.Context) (parvis.Token, error) { return s.token, nil }
