package ratelimit_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/limits"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

// database opens one of SQLite's, as one more process would.
func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// crowd lets four processes call server, with four workers each, until ctx ends.
func crowd(ctx context.Context, t *testing.T, server *limits.Server, headers func(http.Header) []parvis.Limit, open func() *ratelimit.Limiter) {
	var wg sync.WaitGroup
	for p := range 4 {
		l := open()
		wire := limits.NewWire(server, time.Millisecond, 5*time.Millisecond, uint64(p+1))
		client, err := httpx.New(httpx.Config{
			Base: "https://host.example", Client: &http.Client{Transport: wire}, Limits: headers, Limiter: l,
			Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
		})
		require.NoError(t, err)
		var process sync.WaitGroup
		for range 4 {
			process.Go(func() {
				for ctx.Err() == nil {
					_, _ = client.Do(ctx, httpx.Request{Path: "/", Endpoint: "GET /"})
				}
			})
		}
		wg.Go(func() {
			process.Wait()
			assert.NoError(t, l.Close())
		})
	}
	wg.Wait()
}

func TestProcessesShareALimit(t *testing.T) {
	t.Parallel()
	const span, count = 2 * time.Second, 4
	for name, c := range map[string]struct {
		limit   int
		rule    ratelimit.Rule
		tell    func(http.Header, []limits.State)
		share   float64
		refused int // in a window
	}{
		"told":     {200, ratelimit.Rule{Name: "w", Max: 200, Per: span, Announced: true}, limits.Precise, 0.98, 0},
		"not told": {20, ratelimit.Rule{Name: "w", Per: span}, nil, 0.6, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "limits.db")
			server := limits.New(limits.Options{
				Tell:  c.tell,
				Rules: []limits.Rule{{Name: "w", Kind: limits.Fixed, Max: c.limit, Per: span}},
			})
			ctx, cancel := context.WithTimeout(t.Context(), count*span-100*time.Millisecond)
			defer cancel()
			crowd(ctx, t, server, ratelimit.DiscordHeaders, func() *ratelimit.Limiter {
				l, err := ratelimit.Shared(t.Context(), ratelimit.SQLite(database(t, path)), []ratelimit.Rule{c.rule},
					&ratelimit.SharedOptions{Options: ratelimit.Options{MaxWait: time.Minute}})
				require.NoError(t, err)
				return l
			})
			st := server.Stats()
			share := float64(st.Used) / float64(c.limit*count)
			t.Logf("%.1f %%, refused %v, used %v", 100*share, st.PerWindow, st.UsedIn)
			assert.GreaterOrEqual(t, share, c.share)
			for _, n := range st.PerWindow {
				assert.LessOrEqual(t, n, c.refused)
			}
		})
	}
}

func openExample(path string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		panic(err)
	}
	return db
}
