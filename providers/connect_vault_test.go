package providers_test

import (
	"bytes"
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

// Every step may be answered by another process, if they share a vault.
func TestAnyProcessCanFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	file := filepath.Join(t.TempDir(), "vault.db")
	key := bytes.Repeat([]byte{7}, 32)
	var handlers []http.Handler
	var clients []*vault.Client
	for range 2 {
		db, err := sql.Open("sqlite", file)
		require.NoError(t, err)
		v, err := vault.Open(t.Context(), vault.SQLite(db), vault.Key(key), &vault.Options{Flows: r.flows()})
		require.NoError(t, err)
		t.Cleanup(func() {
			assert.NoError(t, v.Close(t.Context()))
			assert.NoError(t, db.Close())
		})
		clients = append(clients, v.For("acme"))
		h, err := providers.Connect(v.For("acme"), r.flows(), &providers.ConnectOptions{Base: site + "/v/connect/"})
		require.NoError(t, err)
		handlers = append(handlers, h)
	}
	turn := 0
	r.mux.HandleFunc("/v/connect/", func(w http.ResponseWriter, req *http.Request) {
		turn++
		handlers[turn%2].ServeHTTP(w, req)
	})
	b := r.browser()
	b.leave("v", "town")
	back := b.decide(allow("acme", "read", "write", "moderate"))
	b.get(back, http.StatusOK)
	b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusOK)
	b.refused(b.get(back, http.StatusOK), "finished before")

	for _, c := range clients {
		accounts, err := c.Accounts(t.Context())
		require.NoError(t, err)
		require.Len(t, accounts, 1)
		opened, err := r.town.Open(t.Context(), accounts[0], c.Tokens(accounts[0]))
		require.NoError(t, err)
		h, err := providers.Probe(t.Context(), opened)
		require.NoError(t, err)
		assert.Equal(t, providers.Healthy, h.Condition)
	}
	files, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.False(t, bytes.Contains(b, []byte("parvis-secret-")), "a secret is in %s", filepath.Base(name))
	}
}
