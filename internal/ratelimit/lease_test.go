package ratelimit

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// flaky is a database that can be broken.
type flaky struct {
	store.DB
	broken  atomic.Bool
	updates atomic.Int32
}

var errBroken = errors.New("connection refused")

func (f *flaky) Update(ctx context.Context, do func(store.Tx) error) error {
	if f.broken.Load() {
		return errBroken
	}
	f.updates.Add(1)
	return f.DB.Update(ctx, do)
}

func sqlite(t *testing.T, path string) *flaky {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(off)")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return &flaky{DB: store.OpenSQLite(db)}
}

func shared(t *testing.T, db store.DB, processes int, rules ...Rule) *Limiter {
	t.Helper()
	st, err := OpenStore(t.Context(), db)
	require.NoError(t, err)
	l, err := NewShared(t.Context(), st, rules, &Options{MaxWait: 3 * time.Second, Margin: -1}, processes)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// pass is how many calls go before one is refused.
func pass(t *testing.T, l *Limiter, c parvis.Call, most int) int {
	t.Helper()
	for n := range most {
		if err := l.Wait(t.Context(), c); err != nil {
			require.ErrorIs(t, err, parvis.ErrRateLimited)
			return n
		}
		l.Learn(c, parvis.Limit{})
	}
	return most
}

func TestSharedCountsTogether(t *testing.T) {
	t.Parallel()
	for _, rule := range []Rule{
		{Name: "sliding", Kind: Sliding, Max: 100, Per: time.Hour},
		{Name: "tokens", Kind: Tokens, Max: 100, Per: 24 * time.Hour},
		{Name: "day", Midnight: time.UTC, Max: 100},
	} {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "limits.db")
			one, two := sqlite(t, path), sqlite(t, path)
			a, b := shared(t, one, 0, rule), shared(t, two, 0, rule)
			n := 0
			for range 20 {
				n += pass(t, a, post, 4) + pass(t, b, post, 4)
			}
			require.NoError(t, a.Close()) // what it leased and did not use is given back
			require.NoError(t, b.Close())
			n += pass(t, shared(t, sqlite(t, path), 0, rule), post, 1000)
			assert.Equal(t, 100, n, "no unit is lost, none is used twice")
			assert.Less(t, int(one.updates.Load()), 80, "the database is not asked for every call")
		})
	}
}

func TestSharedRefusalIsEverybodys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "limits.db")
	rule := Rule{Name: "unknown", Per: time.Hour}
	a, b := shared(t, sqlite(t, path), 0, rule), shared(t, sqlite(t, path), 0, rule)
	require.NoError(t, a.Wait(t.Context(), post))
	a.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
	err := b.Wait(t.Context(), post)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	assert.InDelta(t, time.Hour, retryAfter(t, err), float64(10*time.Second))
}

// TestSharedCrash: a process that ends without Close loses what it leased, nothing else.
func TestSharedCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "limits.db")
	rule := Rule{Name: "day", Midnight: time.UTC, Max: 1000}
	st, err := OpenStore(t.Context(), sqlite(t, path))
	require.NoError(t, err)
	crashed, err := NewShared(t.Context(), st, []Rule{rule}, nil, 0)
	require.NoError(t, err)
	crashed.closed = true // its timer dies with it
	require.NoError(t, crashed.Wait(t.Context(), post))
	n := pass(t, shared(t, sqlite(t, path), 0, rule), post, 2000)
	assert.GreaterOrEqual(t, n, 1000-mostBatch)
	assert.Less(t, n, 1000)
}

func TestSharedDatabaseDown(t *testing.T) {
	t.Parallel()
	rule := Rule{Name: "day", Kind: Sliding, Max: 100, Per: time.Hour}
	t.Run("refuses", func(t *testing.T) {
		t.Parallel()
		db := sqlite(t, filepath.Join(t.TempDir(), "limits.db"))
		l := shared(t, db, 0, rule)
		db.broken.Store(true)
		for range 3 {
			err := l.Wait(t.Context(), post)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
		}
		db.broken.Store(false)
		<-time.After(time.Duration(downFor) + 50*time.Millisecond)
		require.NoError(t, l.Wait(t.Context(), post), "it recovers by itself")
	})
	t.Run("goes on with its part", func(t *testing.T) {
		t.Parallel()
		db := sqlite(t, filepath.Join(t.TempDir(), "limits.db"))
		l := shared(t, db, 4, rule)
		db.broken.Store(true)
		assert.Equal(t, 25, pass(t, l, post, 1000))
		db.broken.Store(false)
		<-time.After(time.Duration(downFor) + 50*time.Millisecond)
		assert.InDelta(t, 75, pass(t, l, post, 1000), 1, "what it took meanwhile counts")
	})
}

func TestSharedMigration(t *testing.T) {
	t.Parallel()
	db := sqlite(t, filepath.Join(t.TempDir(), "limits.db"))
	_, err := OpenStore(t.Context(), db)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "INSERT INTO parvis_migrations (room, version, applied) VALUES (?, 99, 0)", room)
	require.NoError(t, err)
	_, err = OpenStore(t.Context(), db)
	require.ErrorIs(t, err, parvis.ErrConflict)
}
