package mastodon_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon"
)

// quick opens the rig's server with a token and no patience.
func (r *rig) quick(t parvis.Token) *mastodon.Client {
	r.t.Helper()
	c, err := mastodon.New(mastodon.Config{Server: r.server.URL, Client: "acme", Tokens: fixed{t}}, &providers.Options{Retry: providers.Retry{Max: 1}})
	require.NoError(r.t, err)
	return c
}

func TestProbe(t *testing.T) {
	t.Parallel()
	all := []string{"read", "write", "follow", "push", "admin:read", "admin:write"}
	look := func(t *testing.T, role mastodontest.Role, scopes ...string) providers.Health {
		t.Helper()
		r := newStaffRig(t, mastodontest.Options{}, role)
		h, err := r.quick(parvis.Token{Value: r.user.Token, Scopes: scopes}).Probe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "4.5.0", h.API)
		assert.Equal(t, r.user.ID, h.Account.ID)
		assert.Equal(t, "acme", h.Account.Client)
		assert.False(t, h.Time.IsZero())
		return h
	}
	t.Run("healthy", func(t *testing.T) {
		t.Parallel()
		h := look(t, mastodontest.RoleOwner, all...)
		assert.Equal(t, providers.Healthy, h.Condition)
		assert.Empty(t, h.Lacks)
		assert.Equal(t, all, h.Granted)
	})
	t.Run("without scopes", func(t *testing.T) {
		t.Parallel()
		h := look(t, mastodontest.RoleUser, "read", "write:statuses")
		assert.Equal(t, providers.Limited, h.Condition)
		assert.Contains(t, h.Lacks, providers.Lack{Scope: "write:media", Powers: []string{"publish", "publish.edit"}})
		assert.Contains(t, h.Help, "write:media")
	})
	t.Run("without a role", func(t *testing.T) {
		t.Parallel()
		h := look(t, mastodontest.RoleUser, all...)
		assert.Equal(t, providers.Limited, h.Condition)
		require.Len(t, h.Lacks, 2)
		assert.Equal(t, "the role permission Manage Users", h.Lacks[0].Scope)
	})
	t.Run("scopes of the application", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, mastodontest.Options{})
		h, err := r.quick(parvis.Token{Value: r.user.NewToken("read:accounts", "write")}).Probe(t.Context())
		require.NoError(t, err)
		assert.NotNil(t, h.Granted)
	})
	t.Run("a token that may not say who it is", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, mastodontest.Options{})
		h, err := r.quick(parvis.Token{Value: r.user.NewToken("write:statuses"), Scopes: []string{"write:statuses"}}).Probe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, providers.Limited, h.Condition, "it is alive")
	})
}

func TestProbesOfAccountsInTrouble(t *testing.T) {
	t.Parallel()
	whole := parvis.Token{Scopes: []string{"read", "write", "follow", "push", "admin:read", "admin:write"}}
	for name, tc := range map[string]struct {
		do   func(r *rig, t *parvis.Token)
		want providers.Condition
		code parvis.Code
		help string
	}{
		"revoked":     {func(_ *rig, t *parvis.Token) { t.Value = "parvis-secret-gone" }, providers.Lost, parvis.ErrAuth, "connect the account again"},
		"frozen":      {func(r *rig, _ *parvis.Token) { r.user.SetState(mastodontest.Disabled, true) }, providers.Limited, parvis.ErrPermission, ""},
		"unconfirmed": {func(r *rig, _ *parvis.Token) { r.user.SetState(mastodontest.Unconfirmed, true) }, providers.Limited, parvis.ErrPermission, ""},
		"500":         {fail(apitest.Fault{Kind: apitest.ErrorBefore}), providers.Unreachable, parvis.ErrUnavailable, ""},
		"503":         {fail(apitest.Fault{Kind: apitest.ErrorBefore, Status: 503}), providers.Unreachable, parvis.ErrUnavailable, ""},
		"cut":         {fail(apitest.Fault{Kind: apitest.CutBefore}), providers.Unreachable, parvis.ErrUnavailable, ""},
		"page":        {fail(apitest.Fault{Kind: apitest.HTMLError}), providers.Unreachable, parvis.ErrUnavailable, ""},
		"too many":    {fail(apitest.Fault{Kind: apitest.RateLimited}), providers.Unreachable, parvis.ErrRateLimited, ""},
		"nobody":      {fail(apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: "{}"}), providers.Unreachable, parvis.ErrBadAnswer, "address"},
		"retired":     {fail(apitest.Fault{Kind: apitest.Gone426}), providers.Outdated, parvis.ErrAPIVersionRetired, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleOwner)
			token := whole
			token.Value = r.user.Token
			tc.do(r, &token)
			h, err := r.quick(token).Probe(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.want, h.Condition, h.Why)
			assert.Equal(t, tc.code, h.Code)
			assert.Contains(t, h.Help, tc.help)
			assert.NotEmpty(t, h.Why)
			assert.NotContains(t, h.Why+h.Help, "parvis-secret-")
		})
	}
	r := newRig(t, mastodontest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.acme.Probe(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// fail stages a failure of the question who it is.
func fail(f apitest.Fault) func(*rig, *parvis.Token) {
	f.Times = -1
	f.Match = func(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "verify_credentials") }
	return func(r *rig, _ *parvis.Token) { r.server.Faults.Inject(f) }
}
