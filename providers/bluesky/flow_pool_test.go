package bluesky

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// TestPoolSpendsEachRefreshTokenOnce: many calls meet an expired token at once, at a
// server that ends the session of whoever uses a refresh token twice.
func TestPoolSpendsEachRefreshTokenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	c := w.grant(f, testBack)
	c.Account.Client = "acme"
	c.Token.Expiry = time.Now().Add(-time.Minute)
	w.before = func(r *http.Request) *http.Response {
		if r.URL.Host+r.URL.Path == "pds.example/xrpc/com.atproto.server.getSession" {
			return say(200, `{"did":"`+testDID+`","handle":"`+testHandle+`","active":true}`)
		}
		return nil
	}
	store := providers.Memory("acme")
	_, err := store.Save(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	pool := providers.NewTokenPool(store, f, nil)
	client, err := New(Config{Tokens: pool.Tokens(c.Account), Client: "acme", Account: c.Account}, w.options())
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			h, err := client.Probe(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, providers.Healthy, h.Condition, h.Why)
		})
	}
	wg.Wait()
	require.NoError(t, pool.Close(context.WithoutCancel(t.Context())))
	assert.False(t, w.dead)
	assert.Len(t, w.spent, 1, "one refresh for all")
	kept, err := store.Load(t.Context(), c.Account)
	require.NoError(t, err)
	same(t, w.refresh, kept.Refresh, "the stored refresh token")
	assert.True(t, kept.Valid(time.Now()))
	assert.Equal(t, parvis.Account{Client: "acme", Network: Network, ID: testDID, Handle: testHandle}, client.Account())
}
