package vault

import (
	"database/sql"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

var _ providers.Leaser = (*rows)(nil)

func openRows(t *testing.T) (*rows, parvis.Account, int64) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "vault.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	v, err := Open(t.Context(), SQLite(db), Key([]byte("parvis-secret-key-a-of-32-bytes!")), nil)
	require.NoError(t, err)
	a := parvis.Account{Client: "acme", Network: "town", ID: "1"}
	version, err := v.rows.Save(t.Context(), a, parvis.Token{Value: "parvis-secret-1"})
	require.NoError(t, err)
	return v.rows, a, version
}

// TestMarkLostOnce: of all who mark one version, one is the first; another version is not marked.
func TestMarkLostOnce(t *testing.T) {
	t.Parallel()
	r, a, version := openRows(t)
	lost := providers.Health{Condition: providers.Lost, Why: "gone"}
	first, err := r.MarkLost(t.Context(), a, version+1, lost)
	require.NoError(t, err)
	assert.False(t, first)
	var firsts atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			first, err := r.MarkLost(t.Context(), a, version, lost)
			assert.NoError(t, err)
			if first {
				firsts.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, firsts.Load())
	st, err := r.Look(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, "gone", st.Lost.Why)
	assert.Equal(t, version, st.Token.Version, "the version stays")
	_, err = r.Lease(t.Context(), a, version, time.Minute)
	require.ErrorIs(t, err, parvis.ErrConflict, "what is lost is not refreshed")
}

// TestLease: one holds it; the note that the refresh token may be spent outlives it, unless
// it surely was not.
func TestLease(t *testing.T) {
	t.Parallel()
	r, a, version := openRows(t)
	_, err := r.Lease(t.Context(), a, version+1, time.Minute)
	require.ErrorIs(t, err, parvis.ErrConflict)
	for i, step := range []struct{ before, spent bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		lease, err := r.Lease(t.Context(), a, version, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, step.before, lease.Unfinished, i)
		_, err = r.Lease(t.Context(), a, version, time.Minute)
		require.ErrorIs(t, err, parvis.ErrConflict)
		var e *parvis.Error
		require.ErrorAs(t, err, &e)
		assert.InDelta(t, time.Minute, e.RetryAfter, float64(10*time.Second))
		require.NoError(t, lease.End(t.Context(), step.spent))
		require.NoError(t, lease.End(t.Context(), false), "twice is no error")
	}
	lease, err := r.Lease(t.Context(), a, version, time.Minute)
	require.NoError(t, err)
	version, err = r.Save(t.Context(), a, parvis.Token{Value: "parvis-secret-2", Version: version})
	require.NoError(t, err)
	next, err := r.Lease(t.Context(), a, version, time.Minute)
	require.NoError(t, err, "a save ends the lease")
	assert.False(t, next.Unfinished)
	require.NoError(t, lease.End(t.Context(), false), "the old holder does not end the new lease")
	_, err = r.Lease(t.Context(), a, version, time.Minute)
	require.ErrorIs(t, err, parvis.ErrConflict)
}
